"""Taking a bulk action back: what it leaves alone, and what comes back as it was."""

from __future__ import annotations

import datetime as dt

import pytest

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import OpportunityState
from opportunities.errors import WrongState
from opportunities.funnel import moves
from opportunities.models import BulkAction, CoolDown, DailyQuota, Opportunity
from opportunities.supervision import bulk
from opportunities.supervision import undo as undoing
from opportunities.supervision.undo import undo
from opportunities.timers import recalculation
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, ask, one_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(funnel: Funnel) -> Opportunity:
    ClientFactory()
    request_lot(PromoterFactory(), Filters(), 1, key="k", now=NOW)
    return Opportunity.objects.select_related("owner__user").get()


@pytest.fixture
def boss() -> User:
    found: User = UserFactory(role=Role.ADMINISTRATOR)
    return found


def test_an_undo_leaves_what_its_receiver_went_on_with(row: Opportunity, funnel: Funnel, boss: User) -> None:
    assert row.owner is not None
    other = PromoterFactory(desk=row.owner.desk)
    bulk.reassign([row.pk], other, by=boss, now=NOW)
    moves.move(row.pk, funnel.contacted, by=other.user, version=2, now=NOW)

    report = undo(BulkAction.objects.get(), by=boss, now=NOW)

    row.refresh_from_db()
    assert set(report.refused) == {row.pk}
    assert (row.owner, row.stage, row.state) == (other, funnel.contacted, OpportunityState.ACTIVE)
    assert DailyQuota.objects.get(promoter=other).used == 1
    assert findings() == []


def test_an_undo_ends_the_rest_that_the_action_began(row: Opportunity, boss: User) -> None:
    bulk.return_to_pool([row.pk], by=boss, now=NOW)
    assert CoolDown.objects.filter(promoter=row.owner, client=row.client).exists()

    undo(BulkAction.objects.get(), by=boss, now=NOW)

    assert not CoolDown.objects.exists()
    assert findings() == []


def test_an_undo_brings_back_the_rest_that_the_action_ended(row: Opportunity, boss: User) -> None:
    assert row.owner is not None
    other = PromoterFactory(desk=row.owner.desk)
    until = NOW + dt.timedelta(days=9)
    CoolDown.objects.create(promoter=other, client=row.client, until=until)
    bulk.reassign([row.pk], other, by=boss, now=NOW)
    assert not CoolDown.objects.exists()

    undo(BulkAction.objects.get(), by=boss, now=NOW)

    assert list(CoolDown.objects.values_list("promoter", "client", "until")) == [(other.pk, row.client_id, until)]
    assert findings() == []


def test_an_undo_that_died_half_way_is_finished_by_the_next(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    ClientFactory.create_batch(3)
    ask(people.owner, 3)
    ids = list(Opportunity.objects.values_list("pk", flat=True))
    bulk.return_to_pool(ids, by=people.boss, now=NOW)
    action = BulkAction.objects.get()
    real, calls = undoing._undo_item, []

    def dies(item: object, **kwargs: object) -> None:
        calls.append(item)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(item, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(undoing, "_undo_item", dies)
    with pytest.raises(KeyboardInterrupt):
        undo(action, by=people.boss, now=NOW)
    monkeypatch.undo()
    assert len(undo(action, by=people.boss, now=NOW).done) == 2
    with pytest.raises(WrongState):
        undo(action, by=people.boss, now=NOW)
    assert set(Opportunity.objects.values_list("state", "owner")) == {("activa", people.owner.pk)}
    assert not CoolDown.objects.exists()
    assert findings() == []


def test_undo_brings_back_a_stage_without_a_clock_without_a_clock(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    funnel.contacted.timer_minutes = None
    funnel.contacted.save()
    moves.move(row.pk, funnel.contacted, by=people.owner.user, version=1, now=NOW)
    bulk.reassign([row.pk], people.colleague, by=people.boss, now=NOW)
    undo(BulkAction.objects.get(), by=people.boss, now=NOW)
    row.refresh_from_db()
    assert (row.owner, row.stage, row.deadline) == (people.owner, funnel.contacted, None)


def test_bulk_gives_exits_back_to_their_owners_and_can_be_undone(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    moves.move(row.pk, funnel.no_answer, by=people.owner.user, version=1, now=NOW)
    bulk.give_back([row.pk], by=people.boss, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.owner) == (OpportunityState.ACTIVE, people.owner)
    undo(BulkAction.objects.get(), by=people.boss, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.stage, row.deadline) == (OpportunityState.EXIT, funnel.no_answer, None)
    assert CoolDown.objects.count() == 1
    assert findings() == []


@pytest.mark.parametrize(("minutes", "left"), [(None, None), (20, 20), (45, 40), (600, 40)])
def test_undo_brings_back_what_was_left_as_far_as_todays_timer_goes(
    people: People, funnel: Funnel, minutes: int | None, left: int | None
) -> None:
    row = one_of(people.owner)
    at = NOW + dt.timedelta(minutes=20)
    bulk.return_to_pool([row.pk], by=people.boss, now=at)
    recalculation.change_stage(funnel.new, timer_minutes=minutes, by=people.boss, now=at)

    undo(BulkAction.objects.get(), by=people.boss, now=at)

    row.refresh_from_db()
    assert (row.state, row.paused_seconds) == (OpportunityState.ACTIVE, None)
    assert row.deadline == (None if left is None else at + dt.timedelta(minutes=left))
    assert findings() == []


def test_undo_into_a_stage_that_has_a_timer_by_now_starts_it(people: People, funnel: Funnel) -> None:
    recalculation.change_stage(funnel.new, timer_minutes=None, by=people.boss, now=NOW)
    row = one_of(people.owner)
    bulk.return_to_pool([row.pk], by=people.boss, now=NOW)
    recalculation.change_stage(funnel.new, timer_minutes=30, by=people.boss, now=NOW)

    undo(BulkAction.objects.get(), by=people.boss, now=NOW)

    row.refresh_from_db()
    assert row.deadline == NOW + dt.timedelta(minutes=30)
    assert findings() == []
