"""Every open deadline worked out again, from the tables alone and with arithmetic of its own.

A clock says: so much operating time from `clock_since` on. How much that was, the row's last line that set it tells: the
stage's timer for whoever entered it, what the line noted of the clock before for one that was moved, stopped or let go
on. Which hours held then, the changes of hours tell.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leadmaster.calendars.models import Holiday, OperatingCalendar
from opportunities.models import Desk, Opportunity, OpportunityEvent, Retiming, RetimingLine, Stage

_ENTERS = {"asignada", "captada", "etapa", "reasignada", "devuelta", "prorroga"}
_SETS = {*_ENTERS, "plazo", "deshecha"}
_STOPS = "El plazo se detiene por ausencia."
_GOES_ON = "El plazo sigue después de la ausencia."
_WAITS = "El plazo espera la fecha que pidió el cliente."
_WAITS_NO_MORE = "El plazo ya no espera al cliente."
_DAY = dt.timedelta(days=1)
_NOTHING = dt.timedelta()
_FAR = 20_000


@dataclasses.dataclass(frozen=True)
class Opening:
    """Windows by weekday and by date, in a zone."""

    week: Mapping[int, Sequence[tuple[dt.time, dt.time]]]
    special: Mapping[dt.date, Sequence[tuple[dt.time, dt.time]]]
    tz: zoneinfo.ZoneInfo

    def on(self, day: dt.date) -> list[tuple[dt.datetime, dt.datetime]]:
        found = []
        for opens, closes in sorted(self.special.get(day, self.week.get(day.weekday(), ()))):
            last = day + _DAY if closes == dt.time(0) else day
            found.append((self._instant(day, opens), self._instant(last, closes)))
        return found

    def add(self, start: dt.datetime, length: dt.timedelta) -> dt.datetime:
        """The first instant at which `length` has passed, no less than one opening."""
        left, day = length, start.astimezone(self.tz).date()
        for _number in range(_FAR):
            for opens, closes in self.on(day):
                begins = max(opens, start)
                if begins < closes and closes - begins >= left:
                    return begins + left
                left -= max(closes - begins, _NOTHING)
            day += _DAY
        raise AssertionError("these hours never come")

    def between(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        passed, day = _NOTHING, start.astimezone(self.tz).date()
        while day <= end.astimezone(self.tz).date():
            passed += sum(
                (max(min(closes, end) - max(opens, start), _NOTHING) for opens, closes in self.on(day)), _NOTHING
            )
            day += _DAY
        return passed

    def _instant(self, day: dt.date, time: dt.time) -> dt.datetime:
        return dt.datetime.combine(day, time, tzinfo=self.tz).astimezone(dt.UTC)


def wrong_deadlines() -> Iterator[str]:
    """As sentences. Clocks that have still to follow a change are left out: nobody decides by those."""
    rows = list(Opportunity.objects.filter(state="activa"))
    if not rows:
        return
    stages = Stage.objects.in_bulk()
    hours = _Hours()
    behind = dict(RetimingLine.objects.values_list("opportunity", "version"))
    last: dict[int, OpportunityEvent] = {}
    lines = OpportunityEvent.objects.filter(opportunity__in=[row.pk for row in rows], kind__in=_SETS)
    for line in lines.order_by("id"):
        last[line.opportunity_id] = line
    for row in rows:
        if behind.get(row.pk) == row.version:
            continue
        if row.pk in last:
            yield from _wrong(row, stages[row.stage_id or 0], last[row.pk], hours)
            yield from _limit(row, stages[row.stage_id or 0], hours)
        else:
            yield f"deadline: opportunity {row.pk} has no line that set its clock"


def _wrong(row: Opportunity, stage: Stage, event: OpportunityEvent, hours: _Hours) -> Iterator[str]:
    has = (row.deadline, row.paused_seconds)
    if stage.timer_minutes is None:
        if has != (None, None):
            yield f"deadline: opportunity {row.pk} has a clock in a stage without a timer"
        return
    if has == (None, None) or row.clock_since is None:
        yield f"deadline: opportunity {row.pk} will never expire in a stage of {stage.timer_minutes} minutes"
        return
    if row.clock_since > event.at:
        yield f"deadline: the clock of {row.pk} counts since {row.clock_since}, its line is of {event.at}"
    whole = dt.timedelta(minutes=stage.timer_minutes)
    opening = hours.at(row.team_id, row.clock_since)
    left = (
        dt.timedelta(seconds=row.paused_seconds)
        if row.paused_seconds is not None
        else opening.between(_from(row, row.clock_since), row.deadline or row.clock_since)
    )
    if left > whole:
        yield f"deadline: opportunity {row.pk} was left {left} of a timer of {whole}"
    expected = left if event.kind == "deshecha" else _expected(row, event, whole, hours)
    if expected is None:
        return
    if row.paused_seconds is not None:
        if row.paused_seconds != int(expected.total_seconds()):
            yield f"deadline: opportunity {row.pk} stands with {row.paused_seconds} s, {expected} were left"
        return
    end = opening.add(_from(row, row.clock_since), expected) if expected else None
    if end is not None and row.deadline != end:
        yield f"deadline: opportunity {row.pk} ends {row.deadline}, {expected} from {row.clock_since} is {end}"


def _from(row: Opportunity, moment: dt.datetime) -> dt.datetime:
    """From when on it counts: not before the date that the client asked for."""
    return max(moment, row.held_until or moment)


def _limit(row: Opportunity, stage: Stage, hours: _Hours) -> Iterator[str]:
    """However often a wait was renewed, it ends within the stage's limit, counted from the first one."""
    if row.held_until is None or row.hold_since is None or stage.hold_minutes is None:
        return
    latest = hours.at(row.team_id, row.hold_since).add(row.hold_since, dt.timedelta(minutes=stage.hold_minutes))
    if row.held_until > latest:
        yield f"deadline: opportunity {row.pk} waits until {row.held_until}, at the most until {latest}"


def _expected(row: Opportunity, event: OpportunityEvent, whole: dt.timedelta, hours: _Hours) -> dt.timedelta | None:
    """What the clock was left with when it was last set; None where the line does not tell."""
    if event.kind in _ENTERS:
        return whole
    told = event.data
    if "since" not in told:
        return None
    since = dt.datetime.fromisoformat(told["since"])
    before = dt.datetime.fromisoformat(told["before"]) if told["before"] else None
    if event.reason == _GOES_ON:
        return dt.timedelta(seconds=told["paused_before"])
    held = dt.datetime.fromisoformat(told["held_before"]) if told.get("held_before") else since
    counted = max(since, held)
    if event.reason in {_WAITS, _WAITS_NO_MORE} and before is None:
        return dt.timedelta(seconds=told["paused_before"])
    if event.reason in {_STOPS, _WAITS, _WAITS_NO_MORE}:
        return hours.at(row.team_id, since).between(counted, before) if before else None
    changes = [
        one
        for one in Retiming.objects.filter(at=since)
        if (one.stage_id == row.stage_id if one.kind == "etapa" else row.team_id in one.teams)
    ]
    # Where the clock stands still, several changes bear one instant: which of them this line followed is not told.
    if len(changes) != 1 or before is None:
        return None
    [change] = changes
    left = hours.before(row.team_id, change).between(counted, before)
    if change.kind == "etapa":
        left += dt.timedelta(minutes=(change.change["new"] or 0) - (change.change["old"] or 0))
    return max(left, _NOTHING)


class _Hours:
    """The hours of each team, now and at other times."""

    def __init__(self) -> None:
        self.desks = {desk.team_id: desk for desk in Desk.objects.select_related("calendar")}
        self.changes = list(Retiming.objects.exclude(kind="etapa").order_by("at", "id"))
        self.known: dict[int, Opening] = {}

    def at(self, team: int, moment: dt.datetime) -> Opening:
        for change in self.changes:
            if team in change.teams and change.at > moment:
                return _kept(change.change["old"])
        return self._now(self.desks[team].calendar)

    def before(self, team: int, change: Retiming) -> Opening:
        return self.at(team, change.at) if change.kind == "etapa" else _kept(change.change["old"])

    def _now(self, calendar: OperatingCalendar) -> Opening:
        if calendar.pk not in self.known:
            week: dict[int, list[tuple[dt.time, dt.time]]] = {}
            for window in calendar.windows.all():
                week.setdefault(window.weekday, []).append((window.opens, window.closes))
            special = {
                holiday.date: [(window.opens, window.closes) for window in holiday.windows.all()]
                for holiday in Holiday.objects.filter(calendar=calendar)
            }
            self.known[calendar.pk] = Opening(week, special, zoneinfo.ZoneInfo(calendar.time_zone))
        return self.known[calendar.pk]


def _kept(told: Mapping[str, Any]) -> Opening:
    def read(windows: Sequence[Sequence[str]]) -> list[tuple[dt.time, dt.time]]:
        return [(dt.time.fromisoformat(opens), dt.time.fromisoformat(closes)) for opens, closes in windows]

    week = {weekday: read(windows) for weekday, windows in enumerate(told["week"])}
    special = {dt.date.fromisoformat(day): read(windows) for day, windows in told["holidays"].items()}
    return Opening(week, special, zoneinfo.ZoneInfo(told["time_zone"]))
