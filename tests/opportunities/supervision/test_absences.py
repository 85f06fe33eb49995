"""An absence stops the clocks of who is away, and of nobody else; it rescues nothing and brings nothing back."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from campaigns.enums import EnvioState
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState
from opportunities.funnel import moves
from opportunities.models import Absence, BulkAction, CoolDown, Opportunity, Promoter
from opportunities.supervision import absences, bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import absence_clocks, expiry, preview, recalculation
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
DAY = dt.timedelta(days=1)


@dataclasses.dataclass
class Desk:
    """A promoter with three opportunities, a colleague, and who decides."""

    funnel: Funnel
    owner: Promoter
    colleague: Promoter
    boss: User

    def away(self, policy: AbsencePolicy = AbsencePolicy.PAUSE, *, first: dt.date = TODAY, days: int = 1) -> Absence:
        last = first + (days - 1) * DAY
        return absences.announce(self.owner, starts_on=first, ends_on=last, policy=policy, by=self.boss, now=NOW)


@pytest.fixture
def desk() -> Desk:
    funnel, rules = Funnel(), DeskFactory()
    owner, colleague = PromoterFactory.create_batch(2, desk=rules)
    boss = UserFactory(role=Role.SUPERVISOR)
    rules.team.supervisors.add(boss)
    ClientFactory.create_batch(3)
    request_lot(owner, Filters(), 3, key="k", now=NOW)
    return Desk(funnel, owner, colleague, boss)


def test_calling_off_an_absence_that_has_not_come_leaves_the_clocks_of_the_one_that_has(desk: Desk) -> None:
    desk.away(days=2)
    later = desk.away(first=TODAY + 5 * DAY)
    absence_clocks.begin_and_end(NOW)

    absences.call_off(later, by=desk.boss, now=NOW)

    assert set(Opportunity.objects.values_list("deadline", "paused_seconds")) == {(None, 3600)}
    assert findings() == []


@pytest.mark.parametrize("policy", AbsencePolicy)
def test_what_was_overdue_before_the_absence_expires_all_the_same(desk: Desk, policy: AbsencePolicy) -> None:
    """The cron was dead: it finds the deadline, the first day of the absence, and both in one pass."""
    desk.away(policy, first=TODAY + DAY)
    late = NOW + DAY

    absence_clocks.begin_and_end(late)

    assert Opportunity.objects.overdue(late).count() == 3
    assert expiry.expire_timers(late).expired == 3
    assert CoolDown.objects.filter(promoter=desk.owner).count() == 3
    assert findings() == []


def test_a_stage_that_gets_a_timer_starts_no_clock_of_who_is_away(desk: Desk) -> None:
    desk.funnel.contacted.timer_minutes = None
    desk.funnel.contacted.save()
    theirs = Opportunity.objects.order_by("id")[0]
    moves.move(theirs.pk, desk.funnel.contacted, by=desk.owner.user, version=1, now=NOW)
    desk.away()
    absence_clocks.begin_and_end(NOW)

    rehearsed = preview.rehearse_stage(desk.funnel.contacted, timer_minutes=30, now=NOW)
    recalculation.change_stage(desk.funnel.contacted, timer_minutes=30, by=desk.boss, now=NOW)

    theirs.refresh_from_db()
    assert (theirs.deadline, theirs.paused_seconds) == (None, 30 * 60)
    assert (rehearsed.start, rehearsed.touches) == (1, 1)
    assert expiry.expire_timers(NOW + dt.timedelta(hours=8)).expired == 0
    absence_clocks.begin_and_end(NOW + DAY)
    theirs.refresh_from_db()
    assert theirs.deadline == dt.datetime(2026, 3, 5, 0, 30, tzinfo=dt.UTC)
    assert findings() == []


def test_an_undo_brings_nothing_back_to_who_gave_all_their_work_away_meanwhile(desk: Desk) -> None:
    row = Opportunity.objects.order_by("id")[0]
    bulk.return_to_pool([row.pk], by=desk.boss, now=NOW)
    desk.away(AbsencePolicy.REDISTRIBUTE)
    absence_clocks.begin_and_end(NOW + dt.timedelta(minutes=1))

    report = undo(BulkAction.objects.get(), by=desk.boss, now=NOW + dt.timedelta(minutes=2))

    assert set(report.refused) == {row.pk}
    assert Opportunity.objects.pool().count() == 3
    assert findings() == []


def test_an_undo_brings_work_back_to_who_went_before_it_was_taken(desk: Desk) -> None:
    row = Opportunity.objects.order_by("id")[0]
    desk.away()
    absence_clocks.begin_and_end(NOW)
    bulk.return_to_pool([row.pk], by=desk.boss, now=NOW)

    undo(BulkAction.objects.get(), by=desk.boss, now=NOW)

    row.refresh_from_db()
    assert (row.owner, row.deadline, row.paused_seconds) == (desk.owner, None, 3600)
    assert findings() == []


def test_taking_a_give_back_back_withdraws_what_its_owner_wrote_meanwhile(desk: Desk) -> None:
    """In the inbox again, the client has left the funnel again."""
    row = Opportunity.objects.order_by("id")[0]
    moves.move(row.pk, desk.funnel.no_answer, by=desk.owner.user, version=1, now=NOW)
    bulk.give_back([row.pk], by=desk.boss, now=NOW)
    phone = row.client.contacts.all()[0].normalised
    meanwhile = EnvioFactory(campaign=CampaignFactory(owner=desk.owner.user), phone=phone)

    undo(BulkAction.objects.get(), by=desk.boss, now=NOW)

    meanwhile.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, meanwhile.state) == (OpportunityState.EXIT, EnvioState.CANCELLED)
    assert findings() == []


def test_nobody_who_is_away_gets_an_exit_back(desk: Desk) -> None:
    row = Opportunity.objects.order_by("id")[0]
    moves.move(row.pk, desk.funnel.no_answer, by=desk.owner.user, version=1, now=NOW)
    desk.away()
    report = bulk.give_back([row.pk], by=desk.boss, now=NOW)
    assert set(report.refused) == {row.pk}
    row.refresh_from_db()
    assert row.state == OpportunityState.EXIT
    assert not row.events.filter(kind=EventKind.RETURNED).exists()
    decisions.reassign(row.pk, desk.colleague, by=desk.boss, now=NOW)
    assert findings() == []
