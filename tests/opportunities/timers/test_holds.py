"""A date that the client asked for holds the stage's timer, as far as the stage admits, whatever else happens meanwhile.

After each story the independent checker works every deadline out again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.calendars.models import OpeningWindow
from leadmaster.lib.clock import local_datetime
from opportunities.clocks.countdown import calendar_of, seconds_left
from opportunities.enums import AbsencePolicy, ContactChannel, ContactOutcome, EventKind
from opportunities.errors import WrongState
from opportunities.funnel import contact, moves
from opportunities.models import BulkAction, Opportunity, Reminder
from opportunities.queries.time_left import timer_of
from opportunities.reconciliation.clocks import DeadlineOff
from opportunities.supervision import absences, bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import absence_clocks, expiry, extension, recalculation, reminders
from opportunities.timers.reminders import Wish
from tests.factories.opportunities import Funnel
from tests.faults.desk_checker import findings
from tests.lies import look
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, MINUTE, DAY = dt.timedelta(hours=1), dt.timedelta(minutes=1), dt.timedelta(days=1)
# The timer of a new one is an hour; twenty minutes of it have passed when the client asks.
ASKED = NOW + 20 * MINUTE
DATE = ASKED + 3 * HOUR
LIMIT = 300


@pytest.fixture(autouse=True)
def every_deadline_is_right() -> Iterator[None]:
    yield
    assert findings() == []


@pytest.fixture
def row(people: People, funnel: Funnel) -> Opportunity:
    funnel.new.hold_minutes = LIMIT
    funnel.new.save()
    return one_of(people.owner)


def hold(
    row: Opportunity, by: User, until: dt.datetime = DATE, *, now: dt.datetime = ASKED, key: str = "k"
) -> Reminder:
    made = reminders.remind(row.pk, Wish(due_at=until, key=key, holds=True), by=by, now=now)
    row.refresh_from_db()
    return made


def left(row: Opportunity, now: dt.datetime) -> int | None:
    return seconds_left(row, calendar=calendar_of(row), now=now)


def test_nothing_counts_until_the_date_and_then_what_was_left_does(people: People, row: Opportunity) -> None:
    hold(row, people.owner.user)

    assert (row.deadline, row.held_until, row.hold_since) == (DATE + 40 * MINUTE, DATE, ASKED)
    assert left(row, ASKED) == left(row, DATE) == 40 * 60
    assert left(row, DATE + 10 * MINUTE) == 30 * 60
    assert expiry.expire_timers(DATE + 39 * MINUTE).expired == 0
    with timezone.override(dt.UTC):
        timer = timer_of(row, calendar=calendar_of(row), now=ASKED)
    assert timer is not None
    assert timer.words == "Espera hasta hoy 18:20, lo pidió el cliente; después quedan 40 min"
    line = row.events.latest("id")
    told = row.events.filter(kind=EventKind.RETIMED).get()
    assert (told.by, told.reason) == (people.owner.user, "El plazo espera la fecha que pidió el cliente.")
    assert line.data["reminder"]
    assert expiry.expire_timers(DATE + 40 * MINUTE).expired == 1


def test_a_date_beyond_the_limit_holds_as_far_as_it_goes_and_no_renewal_gets_further(
    people: People, row: Opportunity
) -> None:
    by, latest = people.owner.user, ASKED + dt.timedelta(minutes=LIMIT)
    first = hold(row, by, ASKED + 10 * HOUR)
    assert row.held_until == latest

    for number in range(3):
        at = ASKED + (number + 1) * HOUR
        hold(row, by, at + DAY, now=at, key=f"otra {number}")
        assert row.held_until == latest
    reminders.finish(Reminder.objects.latest("id").pk, by=by, version=1, now=ASKED + 4 * HOUR)
    hold(row, by, ASKED + DAY, now=ASKED + 4 * HOUR + MINUTE, key="de nuevo")
    assert row.held_until == latest
    with pytest.raises(WrongState, match="todo lo que la etapa permite"):
        hold(row, by, latest + DAY, now=latest, key="tarde")
    # The date itself may still be put off; the timer just does not wait for it.
    last = Reminder.objects.get(key="de nuevo")
    reminders.postpone(last.pk, until=latest + DAY, by=by, version=last.version, now=latest)
    row.refresh_from_db()
    assert row.held_until == latest
    first.refresh_from_db()
    assert not first.holds


@pytest.mark.parametrize("act", [reminders.finish, reminders.cancel])
def test_once_it_is_over_the_timer_goes_on_at_once(people: People, row: Opportunity, act: object) -> None:
    made = hold(row, people.owner.user)

    act(made.pk, by=people.owner.user, version=1, now=ASKED + HOUR)  # type: ignore[operator]

    row.refresh_from_db()
    assert (row.held_until, row.deadline) == (None, ASKED + HOUR + 40 * MINUTE)


def test_a_date_that_is_put_off_or_brought_forward_takes_the_timer_along(people: People, row: Opportunity) -> None:
    made, by = hold(row, people.owner.user), people.owner.user

    reminders.postpone(made.pk, until=DATE + HOUR, by=by, version=1, now=ASKED + MINUTE)
    row.refresh_from_db()
    assert (row.held_until, row.deadline) == (DATE + HOUR, DATE + HOUR + 40 * MINUTE)
    reminders.postpone(made.pk, until=ASKED + HOUR, by=by, version=2, now=ASKED + 2 * MINUTE)
    row.refresh_from_db()
    assert (row.held_until, row.deadline) == (ASKED + HOUR, ASKED + HOUR + 40 * MINUTE)


def test_a_stage_that_waits_for_nobody_refuses_and_writes_nothing(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)

    with pytest.raises(WrongState, match="el plazo no espera"):
        hold(row, people.owner.user)

    assert not Reminder.objects.exists()
    funnel.new.hold_minutes = LIMIT
    funnel.new.save()
    Opportunity.objects.filter(pk=row.pk).update(deadline=ASKED)
    with pytest.raises(WrongState, match="ya venció"):
        hold(row, people.owner.user)
    Opportunity.objects.filter(pk=row.pk).update(deadline=NOW + HOUR)


def test_the_sheet_after_a_call_holds_it_with_the_same_press(people: People, row: Opportunity) -> None:
    press = contact.Press(channel=ContactChannel.CALL, key="k", phone=row.client.contacts.all()[0].normalised)
    result = contact.Result(outcome=ContactOutcome.CALL_BACK)

    for _repeated in range(2):
        contact.tell(row.pk, press, result, by=people.owner.user, now=ASKED, remind_at=DATE, holds=True)

    row.refresh_from_db()
    assert (row.held_until, row.version) == (DATE, 2)


def test_moving_on_or_another_owner_begins_anew_and_an_extension_keeps_the_date(
    people: People, row: Opportunity, funnel: Funnel
) -> None:
    hold(row, people.owner.user)

    extension.extend(row.pk, by=people.owner.user, version=row.version, now=ASKED + MINUTE)
    row.refresh_from_db()
    assert (row.deadline, row.held_until, row.hold_since) == (DATE + HOUR, DATE, ASKED)
    assert findings() == []
    decisions.reassign(row.pk, people.colleague, by=people.boss, now=ASKED + 2 * MINUTE)
    row.refresh_from_db()
    assert (row.deadline, row.held_until, row.hold_since) == (ASKED + 62 * MINUTE, None, None)
    hold(row, people.colleague.user, now=ASKED + 3 * MINUTE, key="suyo")
    moves.move(row.pk, funnel.contacted, by=people.colleague.user, version=row.version, now=ASKED + 4 * MINUTE)
    row.refresh_from_db()
    assert (row.deadline, row.held_until, row.hold_since) == (ASKED + 124 * MINUTE, None, None)


@pytest.mark.parametrize("verb", ["give", "pool", "close"])
def test_an_undo_gives_the_date_back_with_what_was_left(people: People, row: Opportunity, verb: str) -> None:
    made = hold(row, people.owner.user)
    now = ASKED + HOUR
    report = {
        "give": lambda: bulk.reassign([row.pk], people.colleague, by=people.boss, now=now),
        "pool": lambda: bulk.return_to_pool([row.pk], by=people.boss, now=now),
        "close": lambda: bulk.close([row.pk], by=people.boss, now=now, reason="Fin"),
    }[verb]()

    undo(BulkAction.objects.get(pk=report.action_id), by=people.boss, now=now + 5 * MINUTE)

    row.refresh_from_db()
    assert (row.deadline, row.held_until, row.hold_since) == (DATE + 40 * MINUTE, DATE, ASKED)
    made.refresh_from_db()
    reminders.finish(made.pk, by=people.owner.user, version=made.version, now=now + 6 * MINUTE)
    row.refresh_from_db()
    assert (row.deadline, row.held_until) == (now + 46 * MINUTE, None)


@pytest.mark.parametrize("comes_back", [1, 3])
def test_an_absence_stops_it_with_what_was_left_and_the_date_is_not_given_twice(
    people: People, row: Opportunity, comes_back: int
) -> None:
    """Back before the date, the clock waits on; after it, what was left counts at once."""
    row.refresh_from_db()
    stage = row.stage
    assert stage is not None
    stage.hold_minutes = 5 * 24 * 60
    stage.save()
    date = NOW + 2 * DAY
    hold(row, people.owner.user, date)
    day = NOW.date()
    absences.announce(
        people.owner,
        starts_on=day + DAY,
        ends_on=day + comes_back * DAY,
        policy=AbsencePolicy.PAUSE,
        by=people.boss,
        now=ASKED,
    )

    absence_clocks.begin_and_end(NOW + DAY)
    row.refresh_from_db()
    assert (row.deadline, row.paused_seconds, row.held_until) == (None, 40 * 60, date)
    assert findings() == []
    back = dt.datetime.combine(day + (comes_back + 1) * DAY, dt.time(0), tzinfo=dt.UTC)
    absence_clocks.begin_and_end(back + HOUR)

    row.refresh_from_db()
    assert row.deadline == max(back, date) + 40 * MINUTE


def test_a_date_is_asked_for_while_an_absence_stops_the_clock(people: People, row: Opportunity) -> None:
    day = NOW.date()
    absence = absences.announce(
        people.owner, starts_on=day, ends_on=day, policy=AbsencePolicy.PAUSE, by=people.boss, now=ASKED
    )
    absence_clocks.begin_and_end(ASKED)
    hold(row, people.boss, now=ASKED + MINUTE)
    assert (row.deadline, row.paused_seconds, row.held_until) == (None, 40 * 60, DATE)
    assert findings() == []

    absences.call_off(absence, by=people.boss, now=ASKED + HOUR)

    row.refresh_from_db()
    assert (row.deadline, row.held_until) == (DATE + 40 * MINUTE, DATE)


def test_other_hours_count_what_was_left_from_the_date_on(people: People, row: Opportunity) -> None:
    hold(row, people.owner.user)
    calendar = people.owner.desk.calendar

    def closes_at_half_past_six() -> None:
        OpeningWindow.objects.filter(calendar=calendar).update(closes=dt.time(18, 30))

    recalculation.change_calendar(calendar, closes_at_half_past_six, by=people.boss, now=ASKED + HOUR)

    row.refresh_from_db()
    # Ten minutes until half past six, and thirty from midnight on.
    midnight = local_datetime(NOW.date() + DAY, dt.time(0), calendar.tz)
    assert (row.deadline, row.held_until) == (midnight + 30 * MINUTE, DATE)


@pytest.mark.parametrize(("minutes", "after_the_date"), [(90, 70), (40, 20), (10, 0)])
def test_another_timer_takes_and_gives_what_counts_after_the_date(
    people: People, row: Opportunity, funnel: Funnel, minutes: int, after_the_date: int
) -> None:
    hold(row, people.owner.user)

    recalculation.change_stage(funnel.new, timer_minutes=minutes, by=people.boss, now=ASKED + HOUR)

    row.refresh_from_db()
    assert (row.deadline, row.held_until) == (DATE + after_the_date * MINUTE, DATE)


def test_a_stage_that_loses_its_timer_waits_for_nobody(people: People, row: Opportunity, funnel: Funnel) -> None:
    made = hold(row, people.owner.user)

    recalculation.change_stage(funnel.new, timer_minutes=None, by=people.boss, now=ASKED + HOUR)

    row.refresh_from_db()
    assert (row.deadline, row.held_until) == (None, None)
    reminders.finish(made.pk, by=people.owner.user, version=1, now=ASKED + 2 * HOUR)


def test_reconcile_finds_a_waiting_clock_that_ends_elsewhere(people: People, row: Opportunity) -> None:
    hold(row, people.owner.user)
    assert look([DeadlineOff], now=ASKED + MINUTE) == []
    Opportunity.objects.filter(pk=row.pk).update(deadline=DATE + 5 * HOUR)

    [found] = look([DeadlineOff], now=ASKED + MINUTE, apply=True)

    assert found.finding.subject == row.pk
    row.refresh_from_db()
    assert (row.deadline, row.held_until) == (DATE + 40 * MINUTE, DATE)


def test_only_stages_with_work_wait(funnel: Funnel) -> None:
    funnel.lost.hold_minutes = 10
    with pytest.raises(ValidationError):
        funnel.lost.full_clean()
