"""A change of hours among people at work: killed in the middle, many at once, clocks set while it is written."""

from __future__ import annotations

import datetime as dt
import functools
import signal
from typing import Any

import pytest
from django.db import transaction

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.calendars.arithmetic import Hours
from leadmaster.calendars.models import Holiday
from leadmaster.calendars.write import save_calendar
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.clocks.countdown import deadline_for
from opportunities.clocks.terms import hours_of
from opportunities.enums import EventKind
from opportunities.errors import Stale, WrongState
from opportunities.funnel import moves
from opportunities.models import Opportunity, OpportunityEvent, Promoter, Retiming, RetimingLine
from opportunities.timers import expiry, recalculation
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.faults.desk_crowd import at_once, errors, waiting_for
from tests.faults.processes.starting import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
SIESTA = Hours.of((dt.time(0), dt.time(15, 15)), (dt.time(17), dt.time(0)))
OLD_END = NOW + dt.timedelta(hours=1)
NEW_END = OLD_END + dt.timedelta(hours=1, minutes=45)


@pytest.fixture
def funnel() -> Funnel:
    return Funnel()


@pytest.fixture
def promoter(funnel: Funnel) -> Promoter:
    """With thirty clocks that end in an hour."""
    found: Promoter = PromoterFactory(daily_quota=100)
    ClientFactory.create_batch(40)
    ask(found, 30, "k")
    return found


@pytest.fixture
def boss(promoter: Promoter) -> User:
    found: User = UserFactory.create(role=Role.SUPERVISOR)
    promoter.desk.team.supervisors.add(found)
    return found


def ask(promoter: Promoter, quantity: int, key: str) -> None:
    mine = Promoter.objects.select_related("user", "desk__team", "desk__calendar").get(pk=promoter.pk)
    request_lot(mine, Filters(), quantity, key=key, now=NOW)


def close_for_siesta(promoter: Promoter, boss: User) -> recalculation.Applied:
    calendar = promoter.desk.calendar
    return recalculation.change_calendar(
        calendar, functools.partial(save_calendar, calendar, week=(SIESTA,) * 7), by=boss, now=NOW
    )


def retimed_lines() -> list[int]:
    events = OpportunityEvent.objects.filter(kind=EventKind.RETIMED)
    return sorted(events.values_list("opportunity", flat=True))


@pytest.mark.parametrize(
    "victim",
    [
        "opportunities.state.machine:retime",
        "opportunities.state.machine:OpportunityEvent.objects.bulk_create",
        "opportunities.state.locking:lock_free",
    ],
)
def test_a_change_that_is_killed_half_way_is_finished_by_the_next_pass_and_moves_nobody_twice(
    promoter: Promoter, boss: User, database_url: str, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    monkeypatch.setattr(recalculation, "AT_ONCE", 4)
    monkeypatch.setattr(recalculation, "BATCH", 4)
    assert close_for_siesta(promoter, boss) == recalculation.Applied(moved=4, waiting=26)

    assert run("killed:recalculates", NOW.isoformat(), victim, url=database_url) == -signal.SIGKILL
    # Two whole batches, and nothing of the third.
    assert RetimingLine.objects.count() == 18
    assert Opportunity.objects.filter(deadline=NEW_END).count() == len(retimed_lines()) == 12
    assert findings() == []
    recalculation.apply_backlog(NOW)
    assert set(Opportunity.objects.values_list("deadline", flat=True)) == {NEW_END}
    assert retimed_lines() == sorted(Opportunity.objects.values_list("id", flat=True))
    assert Retiming.objects.get().finished_at is not None
    assert findings() == []


def test_everybody_at_the_clocks_of_a_change_moves_each_once_and_expires_none(
    promoter: Promoter, boss: User, funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three passes of the background, the cron after the old deadline, and ten people who work."""
    monkeypatch.setattr(recalculation, "AT_ONCE", 0)
    monkeypatch.setattr(recalculation, "BATCH", 5)
    close_for_siesta(promoter, boss)
    late = OLD_END + dt.timedelta(minutes=1)
    worked = list(Opportunity.objects.order_by("id")[5:15])
    steps = [
        functools.partial(moves.move, row.pk, funnel.contacted, by=promoter.user, version=row.version, now=late)
        for row in worked
    ]

    outcomes = at_once(
        [
            *[functools.partial(recalculation.apply_backlog, late)] * 3,
            functools.partial(expiry.expire_timers, late),
            *steps,
        ]
    )
    recalculation.apply_backlog(late)

    # Who read the version before the background came is told so; nobody is told that the time is up.
    assert errors(outcomes, allowed=Stale) == []
    assert outcomes[3].answer.expired == 0
    assert retimed_lines() == sorted(Opportunity.objects.values_list("id", flat=True))
    for row in Opportunity.objects.select_related("stage"):
        expected = deadline_for(funnel.contacted, calendar=promoter.desk.calendar.as_value(), now=late)
        assert row.deadline == (expected if row.stage == funnel.contacted else NEW_END)
    assert findings() == []


class _Held:
    """The hours of a desk, as somebody holds them who sets a clock."""

    def __init__(self, team_id: int) -> None:
        self._team_id = team_id

    def select_for_update(self) -> list[Any]:
        return [hours_of(self._team_id)]


def test_a_clock_that_is_set_while_the_hours_change_follows_them(promoter: Promoter, boss: User) -> None:
    """Whoever sets it holds the hours: the change waits, and then knows of it."""
    row = Opportunity.objects.order_by("id")[0]
    held: Any = _Held(promoter.desk.team_id)

    with waiting_for(held, functools.partial(close_for_siesta, promoter, boss)):
        Opportunity.objects.filter(pk=row.pk).update(deadline=OLD_END - dt.timedelta(minutes=10), version=2)
        OpportunityEvent.objects.create(
            opportunity=row, kind=EventKind.EXTENDED, at=NOW, by=boss, from_state="activa", to_state="activa"
        )

    row.refresh_from_db()
    assert row.deadline == NEW_END - dt.timedelta(minutes=10)


def test_requests_during_a_change_count_by_the_hours_that_they_read(promoter: Promoter, boss: User) -> None:
    outcomes = at_once(
        [
            functools.partial(close_for_siesta, promoter, boss),
            *[functools.partial(ask, promoter, 1, f"k{number}") for number in range(8)],
        ]
    )
    recalculation.apply_backlog(NOW)

    assert errors(outcomes) == []
    assert Opportunity.objects.count() == 38
    # Drawn before or after: an hour of operating time by the new hours.
    assert set(Opportunity.objects.values_list("deadline", flat=True)) == {NEW_END}
    assert findings() == []


def test_two_changes_of_the_same_clocks_at_once_are_one_and_the_other_is_told(
    promoter: Promoter, boss: User, funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalculation, "AT_ONCE", 0)
    monkeypatch.setattr(recalculation, "BATCH", 5)
    calendar = promoter.desk.calendar

    def holiday() -> None:
        Holiday.objects.create(calendar=calendar, date=NOW.date(), name="Hoy")

    calls = [
        functools.partial(close_for_siesta, promoter, boss),
        functools.partial(recalculation.change_stage, funnel.new, timer_minutes=90, by=boss, now=NOW),
        functools.partial(recalculation.change_calendar, calendar, holiday, by=boss, now=NOW),
    ]
    outcomes = at_once(calls)

    assert errors(outcomes, allowed=WrongState) == []
    assert Retiming.objects.count() == len([one for one in outcomes if one.error is None]) == 1
    recalculation.apply_backlog(NOW)
    assert len(retimed_lines()) == 30
    assert findings() == []


def test_what_somebody_holds_is_left_to_the_next_pass(promoter: Promoter, boss: User) -> None:
    row = Opportunity.objects.order_by("id")[0]

    with transaction.atomic():
        list(Opportunity.objects.filter(pk=row.pk).select_for_update())
        [outcome] = at_once([functools.partial(close_for_siesta, promoter, boss)])

    assert outcome.answer == recalculation.Applied(moved=29, waiting=1)
    assert recalculation.apply_backlog(NOW) == 1
    assert set(Opportunity.objects.values_list("deadline", flat=True)) == {NEW_END}
