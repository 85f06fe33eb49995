"""A change of hours that many clocks have to follow: some at once, the rest in batches, none by the old hours."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.calendars.arithmetic import ALL_DAY, CLOSED, Calendar, Hours
from leadmaster.calendars.models import Holiday, OperatingCalendar
from leadmaster.calendars.serialization import as_json, fingerprint, from_json
from leadmaster.calendars.write import save_calendar
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.clocks.countdown import deadline_for
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState
from opportunities.errors import Incomplete, WrongState
from opportunities.funnel import moves
from opportunities.health import check_recalculation
from opportunities.models import BulkAction, Opportunity, OpportunityEvent, Promoter, Retiming, RetimingLine
from opportunities.supervision import absences, bulk
from opportunities.supervision.undo import undo
from opportunities.timers import absence_clocks, expiry, extension, preview, recalculation
from opportunities.timers.recalculation import Applied
from tests.factories.accounts import UserFactory
from tests.factories.calendars import HolidayFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings

pytestmark = pytest.mark.django_db(transaction=True)

# Wednesday. The factory's desk is always open, and its first stage gives an hour.
NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
# Closed from a quarter past three until five: what has time left then gets it later.
SIESTA = Hours.of((dt.time(0), dt.time(15, 15)), (dt.time(17), dt.time(0)))
GAINED = dt.timedelta(hours=1, minutes=45)


@dataclasses.dataclass
class Many:
    promoter: Promoter
    boss: User
    funnel: Funnel
    rows: list[Opportunity]

    @property
    def calendar(self) -> OperatingCalendar:
        return self.promoter.desk.calendar

    def close_for_siesta(self, *, now: dt.datetime = NOW) -> Applied:
        calendar = self.calendar
        return recalculation.change_calendar(
            calendar, lambda: save_calendar(calendar, week=(SIESTA,) * 7), by=self.boss, now=now
        )

    def deadlines(self) -> list[dt.datetime | None]:
        return list(Opportunity.objects.order_by("id").values_list("deadline", flat=True))

    def moved(self) -> int:
        return OpportunityEvent.objects.filter(kind=EventKind.RETIMED).count()


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Many:
    """Seven clocks that end at four, five minutes apart; two at a time follow a change, and more than three are many."""
    monkeypatch.setattr(recalculation, "BATCH", 2)
    monkeypatch.setattr(recalculation, "AT_ONCE", 3)
    funnel = Funnel()
    promoter = PromoterFactory(daily_quota=50)
    boss = UserFactory.create(role=Role.SUPERVISOR)
    promoter.desk.team.supervisors.add(boss)
    return Many(promoter, boss, funnel, give(promoter, 7))


def give(promoter: Promoter, number: int) -> list[Opportunity]:
    ClientFactory.create_batch(number)
    request_lot(promoter, Filters(), number, key=f"k{Opportunity.objects.count()}", now=NOW)
    rows = list(Opportunity.objects.filter(owner=promoter).order_by("id"))
    for place, row in enumerate(rows):
        row.deadline = NOW + dt.timedelta(minutes=60 - 5 * place)
        row.save(update_fields=["deadline"])
    return rows


def test_of_many_the_nearest_follow_at_once_and_the_rest_in_batches(many: Many) -> None:
    before = many.deadlines()
    new = Calendar((SIESTA,) * 7, many.calendar.tz)
    told = {move.id: move.after for move in preview.rehearse_calendar(many.calendar, new=new, now=NOW).moves}

    done = many.close_for_siesta()

    assert done == Applied(moved=2, waiting=5)
    assert many.deadlines()[:5] == before[:5]
    assert [row.pk for row in many.rows[5:]] == sorted(set(told) - _waiting())
    recalculation.apply_backlog(NOW + MINUTE)
    assert dict(Opportunity.objects.values_list("id", "deadline")) == told
    assert Retiming.objects.get().finished_at == NOW + MINUTE
    assert not RetimingLine.objects.exists()
    assert findings() == []


def test_a_host_whose_clock_is_behind_gives_nobody_time(many: Many) -> None:
    """By its clock the change was an hour and ten minutes before these clocks began."""
    behind = NOW - 70 * MINUTE
    before = many.deadlines()
    row = many.rows[0]

    many.close_for_siesta(now=behind)
    while recalculation.apply_backlog(NOW):
        pass

    # A quarter of an hour until the siesta, and the rest of it after five.
    late = [deadline for deadline in before if deadline is not None and deadline > NOW + 15 * MINUTE]
    assert many.deadlines() == [deadline + GAINED for deadline in late]
    row.refresh_from_db()
    assert row.clock_since == NOW
    assert findings() == []


def test_nor_does_another_timer_there(many: Many) -> None:
    stage, behind = many.funnel.new, NOW - 70 * MINUTE

    recalculation.change_stage(stage, timer_minutes=90, by=many.boss, now=behind)
    while recalculation.apply_backlog(NOW):
        pass

    assert many.deadlines()[0] == NOW + 90 * MINUTE
    assert findings() == []


def test_doing_it_again_moves_nobody_twice(many: Many) -> None:
    many.close_for_siesta()
    recalculation.apply_backlog(NOW + MINUTE)
    moved = many.deadlines()

    assert recalculation.apply_backlog(NOW + 2 * MINUTE) == 0

    assert many.deadlines() == moved
    assert many.moved() == 7


def test_a_pass_that_ends_early_goes_on_where_it_was(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    before = many.deadlines()
    many.close_for_siesta()

    assert recalculation.apply_backlog(NOW + MINUTE, seconds=0) == 0
    assert len(_waiting()) == 5
    # As late as you like: what passed stays what had passed at the change.
    recalculation.apply_backlog(NOW + dt.timedelta(hours=9))

    assert many.deadlines() == [deadline + GAINED for deadline in before if deadline]
    assert {event.at for event in OpportunityEvent.objects.filter(kind=EventKind.RETIMED)} == {NOW}


def test_few_follow_at_once_and_nothing_stays_behind(many: Many) -> None:
    Opportunity.objects.filter(pk__in=[row.pk for row in many.rows[3:]]).update(deadline=NOW)

    assert many.close_for_siesta() == Applied(moved=3)

    assert Retiming.objects.get().finished_at == NOW


# --- Meanwhile --------------------------------------------------------------------------------------------------------


def test_nobody_expires_by_the_old_deadline_while_a_change_is_on_its_way(many: Many) -> None:
    many.close_for_siesta()
    old_ends = NOW + dt.timedelta(minutes=61)

    assert expiry.expire_timers(old_ends).expired == 0

    assert set(Opportunity.objects.values_list("state", flat=True)) == {OpportunityState.ACTIVE}
    # And by the new one they do.
    assert expiry.expire_timers(old_ends + GAINED).expired == 7
    assert not RetimingLine.objects.exists()
    assert findings() == []


def test_who_has_the_page_open_is_not_refused_because_the_clock_had_to_follow(many: Many) -> None:
    row = many.rows[0]
    many.close_for_siesta()
    late = NOW + dt.timedelta(minutes=70)

    moves.move(row.pk, many.funnel.contacted, by=many.promoter.user, version=1, now=late)
    recalculation.apply_backlog(NOW + dt.timedelta(minutes=71))

    row.refresh_from_db()
    assert (row.stage, row.version) == (many.funnel.contacted, 3)
    expected = deadline_for(many.funnel.contacted, calendar=many.calendar.as_value(), now=late)
    assert row.deadline == expected
    assert findings() == []


def test_an_extension_counts_by_the_new_hours_though_the_old_time_was_up(many: Many) -> None:
    many.close_for_siesta()

    row = extension.extend(many.rows[0].pk, by=many.promoter.user, version=1, now=NOW + dt.timedelta(minutes=70))

    assert row.deadline == NOW + dt.timedelta(hours=3)


def test_an_absence_stops_a_clock_at_what_the_new_hours_leave(many: Many) -> None:
    many.close_for_siesta()
    day = NOW.date()
    absences.announce(
        many.promoter, starts_on=day, ends_on=day, policy=AbsencePolicy.PAUSE, by=many.boss, now=NOW + MINUTE
    )

    absence_clocks.begin_and_end(NOW + dt.timedelta(minutes=50))

    many.rows[0].refresh_from_db()
    # By the old deadline and the new hours it would be a quarter of an hour. The minute before it was announced passed.
    assert many.rows[0].paused_seconds == 3_540
    assert not _waiting()
    assert findings() == []


def test_what_is_taken_back_has_the_time_that_the_new_hours_left(many: Many) -> None:
    row = many.rows[0]
    many.close_for_siesta()
    at = NOW + dt.timedelta(minutes=10)

    report = bulk.return_to_pool([row.pk], by=many.boss, now=at)
    assert report.refused == {}
    undo(BulkAction.objects.get(), by=many.boss, now=at)

    row.refresh_from_db()
    assert row.deadline == NOW + dt.timedelta(minutes=60) + GAINED


def test_what_left_the_desk_meanwhile_is_left_alone(many: Many) -> None:
    row = many.rows[0]
    many.close_for_siesta()
    moves.move(row.pk, many.funnel.no_answer, by=many.promoter.user, version=1, now=NOW + MINUTE)

    recalculation.apply_backlog(NOW + MINUTE)

    row.refresh_from_db()
    assert (row.state, row.deadline) == (OpportunityState.EXIT, None)
    assert Retiming.objects.get().finished_at is not None
    assert findings() == []


def test_a_clock_that_was_set_by_the_new_hours_is_not_moved_again(many: Many) -> None:
    """As when somebody held the row while the hours changed, and set its clock afterwards."""
    row = many.rows[0]
    many.close_for_siesta()
    set_since = NOW + dt.timedelta(hours=5)
    Opportunity.objects.filter(pk=row.pk).update(deadline=set_since, version=2)

    recalculation.apply_backlog(NOW + MINUTE)

    row.refresh_from_db()
    assert row.deadline == set_since


# --- One at a time ----------------------------------------------------------------------------------------------------


def test_another_change_of_the_same_clocks_waits_and_one_of_others_does_not(many: Many) -> None:
    many.close_for_siesta()
    other = PromoterFactory(daily_quota=50)
    [row] = give(other, 1)
    before = row.deadline

    with pytest.raises(WrongState, match="faltan mover 5 plazos"):
        close(many.calendar, NOW.date(), by=many.boss)
    with pytest.raises(WrongState, match="faltan mover 5 plazos"):
        recalculation.change_stage(many.funnel.new, timer_minutes=5, by=many.boss, now=NOW + MINUTE)
    assert not Holiday.objects.exists()
    many.funnel.new.refresh_from_db()
    assert many.funnel.new.timer_minutes == 60

    assert close(other.desk.calendar, NOW.date(), by=many.boss) == Applied(moved=1)
    row.refresh_from_db()
    assert before is not None
    assert row.deadline is not None
    assert row.deadline > before
    recalculation.apply_backlog(NOW + MINUTE)
    assert close(many.calendar, NOW.date(), by=many.boss).moved == 2


def test_a_change_that_touches_no_clock_is_saved_whatever_else_is_on_its_way(many: Many) -> None:
    many.close_for_siesta()

    assert close(many.calendar, dt.date(2026, 3, 1), by=many.boss, now=NOW + 60 * MINUTE * 24) == Applied()

    assert Holiday.objects.count() == 1


def test_a_desk_that_moves_to_other_hours_has_its_clocks_follow(many: Many) -> None:
    other = PromoterFactory().desk.calendar
    save_calendar(other, week=(SIESTA,) * 7)
    before, desk = many.deadlines(), many.promoter.desk

    def save() -> None:
        type(desk).objects.filter(pk=desk.pk).update(calendar=other)

    assert recalculation.change_desk(desk, save, by=many.boss, now=NOW) == Applied(moved=2, waiting=5)
    recalculation.apply_backlog(NOW + MINUTE)

    assert many.deadlines() == [deadline + GAINED for deadline in before if deadline]


@pytest.mark.parametrize("minutes", [90, 20, None])
def test_another_timer_ends_the_same_in_batches_as_it_was_rehearsed(many: Many, minutes: int | None) -> None:
    paused = many.rows[6]
    Opportunity.objects.filter(pk=paused.pk).update(deadline=None, paused_seconds=1_800)
    told = preview.rehearse_stage(many.funnel.new, timer_minutes=minutes, now=NOW)
    ends = {move.id: move.after for move in told.moves}

    done = recalculation.change_stage(many.funnel.new, timer_minutes=minutes, by=many.boss, now=NOW)
    recalculation.apply_backlog(NOW + dt.timedelta(minutes=3))

    assert (done.moved, done.waiting) == (2, 5)
    for row in many.rows[:6]:
        row.refresh_from_db()
        assert row.deadline == ends.get(row.pk)
    paused.refresh_from_db()
    assert paused.paused_seconds == (None if minutes is None else max(1_800 + (minutes - 60) * 60, 0))


def test_a_stage_that_had_no_timer_starts_its_clocks_at_the_change(many: Many) -> None:
    many.funnel.new.timer_minutes = None
    many.funnel.new.save()
    Opportunity.objects.update(deadline=None)

    recalculation.change_stage(many.funnel.new, timer_minutes=30, by=many.boss, now=NOW)
    recalculation.apply_backlog(NOW + dt.timedelta(minutes=3))

    assert set(many.deadlines()) == {NOW + dt.timedelta(minutes=30)}


def test_hours_by_which_the_longest_clock_would_never_end_are_not_saved(many: Many) -> None:
    calendar, first = many.calendar, NOW.date() - dt.timedelta(days=1)

    def close_for_good() -> None:
        Holiday.objects.bulk_create(
            [Holiday(calendar=calendar, date=first + dt.timedelta(days=day), name="No") for day in range(800)]
        )

    with pytest.raises(Incomplete, match="no abre nunca"):
        recalculation.change_calendar(calendar, close_for_good, by=many.boss, now=NOW)

    assert not Holiday.objects.exists()
    assert not Retiming.objects.exists()


@pytest.mark.parametrize("left", [0, 6], ids=["none is left", "others are left"])
def test_the_longest_clock_ends_while_hours_change_and_nothing_breaks(many: Many, left: int) -> None:
    """Between the look at whose clocks run and the look at the longest of them, somebody closes what they work."""
    gone = [row.pk for row in sorted(many.rows, key=lambda row: row.deadline or NOW, reverse=True)[: 7 - left]]
    met: list[str] = []

    def others(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if not met and "ORDER BY" in sql and "deadline" in sql.rpartition("ORDER BY")[2] and "DESC" in sql:
            met.append(sql)
            Opportunity.objects.filter(pk__in=gone).update(
                state=OpportunityState.LOST, deadline=None, open_client=None, state_since=NOW
            )
        return execute(sql, *rest)

    with connection.execute_wrapper(others):
        many.close_for_siesta()

    assert len(met) == 1, "the longest clock is looked for in other words: this test has to look for those"
    recalculation.apply_backlog(NOW + MINUTE)
    kept = Opportunity.objects.active()
    assert kept.count() == left
    assert all(row.deadline and row.deadline >= NOW + GAINED for row in kept)
    assert not RetimingLine.objects.exists()


# --- What people see --------------------------------------------------------------------------------------------------


def test_a_change_that_stands_still_is_alerted_and_one_that_moves_is_not(many: Many) -> None:
    many.close_for_siesta()
    later = NOW + dt.timedelta(minutes=5)

    assert check_recalculation(NOW + MINUTE)[0].ok
    [result] = check_recalculation(later)
    assert (result.key, result.ok) == ("retiming_stuck", False)
    assert "5 minutos" in result.body
    assert "5 plazos" in result.body
    recalculation.apply_backlog(later)
    assert check_recalculation(later + dt.timedelta(hours=1))[0].ok


def test_a_rehearsal_of_very_many_works_out_the_nearest_and_counts_the_rest(
    many: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "MOST", 3)
    new = Calendar((SIESTA,) * 7, many.calendar.tz)

    told = preview.rehearse_calendar(many.calendar, new=new, now=NOW)
    of_stage = preview.rehearse_stage(many.funnel.new, timer_minutes=90, now=NOW)

    assert ([move.id for move in told.moves], told.unseen) == ([row.pk for row in many.rows[:3:-1]], 4)
    assert (len(of_stage.moves), of_stage.unseen, of_stage.touches) == (3, 4, 7)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: dataclasses.replace(value, week=(SIESTA,) * 7),
        lambda value: dataclasses.replace(value, holidays={NOW.date(): CLOSED}),
        lambda value: dataclasses.replace(value, holidays={NOW.date(): ALL_DAY}),
    ],
)
def test_hours_are_kept_whole_and_known_by_their_fingerprint(
    many: Many, change: Callable[[Calendar], Calendar]
) -> None:
    value = many.calendar.as_value()
    other = change(value)

    assert from_json(as_json(other)) == other
    assert fingerprint(from_json(as_json(other))) == fingerprint(other) != fingerprint(value)


def close(calendar: OperatingCalendar, date: dt.date, *, by: User, now: dt.datetime = NOW + MINUTE) -> Applied:
    return recalculation.change_calendar(
        calendar, lambda: HolidayFactory.create(calendar=calendar, date=date), by=by, now=now
    )


def _waiting() -> set[int]:
    return set(RetimingLine.objects.values_list("opportunity", flat=True))
