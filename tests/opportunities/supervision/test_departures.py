"""Somebody stops coming in: what they had in hand stays in sight, and whoever decides it has read what there is."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from campaigns.enums import CampaignState, EnvioState
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities import tasks
from opportunities.enums import EventKind, OpportunityState
from opportunities.errors import NotAllowed, Stale
from opportunities.models import Opportunity
from opportunities.reconciliation.visibility import OwnerGone
from opportunities.supervision import decisions, departures
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.people import NOW, People, one_of


@pytest.fixture
def boss_of_all(db: None) -> User:
    user: User = UserFactory.create(role=Role.ADMINISTRATOR)
    return user


def test_what_somebody_holds_is_told_whole(people: People) -> None:
    row = one_of(people.owner)
    one_of(people.colleague)
    team, user = people.owner.desk.team, people.owner.user
    running = CampaignFactory.create(owner=user, team=team, state=CampaignState.RUNNING)
    CampaignFactory.create(owner=user, team=team, state=CampaignState.AWAITING_APPROVAL)
    CampaignFactory.create(owner=user, team=team, state=CampaignState.FINISHED)
    CampaignFactory.create(team=team, state=CampaignState.RUNNING)
    EnvioFactory.create(campaign=running, phone=row.client.contacts.get().normalised)
    WhatsAppSessionFactory.create(owner=user, team=team)

    held = departures.holdings(user)

    assert held == departures.Holdings(active=1, messages=1, running=1, scheduled=1, lines=1)


def test_a_supervisor_alone_holds_what_waits_for_them(people: People, boss_of_all: User) -> None:
    row = one_of(people.owner)
    departures.no_longer_promoter(people.owner.user, by=boss_of_all, now=NOW)
    CampaignFactory.create(team=people.owner.desk.team, state=CampaignState.AWAITING_APPROVAL)

    alone = departures.holdings(people.boss)
    people.owner.desk.team.supervisors.add(people.other_boss)

    assert (alone.decisions, alone.teams_alone) == (2, (people.owner.desk.team.name,))
    assert not departures.holdings(people.boss)
    assert Opportunity.objects.inbox().get() == row


def test_nobody_is_switched_off_unread_and_nothing_is_lost(people: People, boss_of_all: User) -> None:
    row = one_of(people.owner)
    user, team = people.owner.user, people.owner.desk.team
    running = CampaignFactory.create(owner=user, team=team, state=CampaignState.RUNNING)
    pending = EnvioFactory.create(campaign=running, phone=row.client.contacts.get().normalised)
    old = departures.holdings(user).seal
    with pytest.raises(Stale):
        departures.switch_off(user, by=boss_of_all, now=NOW)
    one_of(people.owner)
    with pytest.raises(Stale):
        departures.switch_off(user, by=boss_of_all, now=NOW, agreed=old)
    user.refresh_from_db()
    assert user.is_active

    done = departures.switch_off(
        user, by=boss_of_all, now=NOW, agreed=departures.holdings(user).seal, pause_campaigns=True
    )

    user.refresh_from_db()
    running.refresh_from_db()
    pending.refresh_from_db()
    assert (done, user.is_active) == (departures.Settled(to_inbox=2, paused=1), False)
    assert (running.state, pending.state) == (CampaignState.PAUSED, EnvioState.CANCELLED)
    row.refresh_from_db()
    last = row.events.latest("id")
    assert (row.state, row.owner, last.kind, last.by) == (
        OpportunityState.EXIT,
        people.owner,
        EventKind.ORPHANED,
        boss_of_all,
    )
    assert set(Opportunity.objects.visible_to(people.boss).inbox()) == set(Opportunity.objects.all())
    decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW, version=row.version)
    assert Opportunity.objects.get(pk=row.pk).owner == people.colleague


def test_the_cron_follows_whoever_was_switched_off_by_another_way(people: People) -> None:
    now = timezone.now()
    row, other = one_of(people.owner, now=now), one_of(people.colleague, now=now)
    User.objects.filter(pk=people.owner.user_id).update(is_active=False)

    tasks.expire_timers()

    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.state, other.state) == (OpportunityState.EXIT, OpportunityState.ACTIVE)
    assert not list(OwnerGone().wrong(Opportunity.objects.all(), now=NOW))


def test_more_than_a_batch_is_handed_over(people: People, boss_of_all: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departures, "_BATCH", 2)
    for _ in range(5):
        one_of(people.owner)

    assert departures.no_longer_promoter(people.owner.user, by=boss_of_all, now=NOW) == 5
    people.owner.refresh_from_db()
    assert not people.owner.available


def test_only_administrators_decide_who_comes_in(people: People, boss_of_all: User) -> None:
    with pytest.raises(NotAllowed):
        departures.switch_off(people.owner.user, by=people.boss, now=NOW)
    with pytest.raises(NotAllowed):
        departures.switch_on(people.owner.user, by=people.boss)
    with pytest.raises(ValidationError):
        departures.switch_off(boss_of_all, by=boss_of_all, now=NOW)
    boss_of_all.refresh_from_db()
    assert boss_of_all.is_active
