"""What holds for every calendar, against the minute-by-minute oracle and against itself."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leadmaster.calendars.arithmetic import (
    ALL_DAY,
    CLOSED,
    Calendar,
    Hours,
    add_operating_time,
    is_open,
    next_opening,
    operating_time_between,
)
from tests.calendars import oracle
from tests.calendars.strategies import calendars, durations, moments

# The oracle looks at each minute of it.
_DAYS = 12
_slow = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_quick = settings(max_examples=100, deadline=None)


@given(place=calendars(), data=st.data(), duration=durations)
@_slow
def test_adding_agrees_with_the_oracle(
    place: tuple[Calendar, dt.date], data: st.DataObject, duration: dt.timedelta
) -> None:
    calendar, day = place
    start = data.draw(moments(day))
    expected = oracle.add(start, duration, calendar, days=_DAYS)
    found = add_operating_time(start, duration, calendar)
    if expected is None:
        assert found > start + dt.timedelta(days=_DAYS)
    else:
        assert found == expected
    assert found.tzinfo is dt.UTC


@given(place=calendars(), data=st.data())
@_slow
def test_time_between_agrees_with_the_oracle(place: tuple[Calendar, dt.date], data: st.DataObject) -> None:
    calendar, day = place
    a, b = sorted([data.draw(moments(day)), data.draw(moments(day))])
    assert operating_time_between(a, b, calendar) == oracle.between(a, b, calendar)


@given(place=calendars(), data=st.data())
@_quick
def test_open_and_next_opening_agree_with_the_oracle(place: tuple[Calendar, dt.date], data: st.DataObject) -> None:
    calendar, day = place
    at = data.draw(moments(day))
    _minute, open_now = next(oracle.open_minutes(calendar, at))
    assert is_open(at, calendar) == open_now
    opening = next_opening(at, calendar)
    assert opening == at if open_now else opening > at
    assert is_open(opening, calendar)
    assert operating_time_between(at, opening, calendar) == dt.timedelta(0)


@given(place=calendars(), data=st.data(), duration=st.timedeltas(dt.timedelta(0), dt.timedelta(days=60)))
@_quick
def test_what_was_added_lies_between(
    place: tuple[Calendar, dt.date], data: st.DataObject, duration: dt.timedelta
) -> None:
    calendar, day = place
    start = data.draw(moments(day))
    end = add_operating_time(start, duration, calendar)
    assert operating_time_between(start, end, calendar) == duration
    assert operating_time_between(end, start, calendar) == -duration


@given(place=calendars(), data=st.data(), first=durations, second=durations)
@_quick
def test_adding_twice_is_adding_the_sum(
    place: tuple[Calendar, dt.date], data: st.DataObject, first: dt.timedelta, second: dt.timedelta
) -> None:
    calendar, day = place
    # Nothing more added to a closing time is the next opening, which is the one exception.
    assume(second)
    start = data.draw(moments(day))
    at_once = add_operating_time(start, first + second, calendar)
    assert add_operating_time(add_operating_time(start, first, calendar), second, calendar) == at_once


@given(place=calendars(), data=st.data(), duration=durations, more=durations)
@_quick
def test_later_starts_and_longer_times_never_end_earlier(
    place: tuple[Calendar, dt.date], data: st.DataObject, duration: dt.timedelta, more: dt.timedelta
) -> None:
    calendar, day = place
    early, late = sorted([data.draw(moments(day)), data.draw(moments(day))])
    end = add_operating_time(early, duration, calendar)
    assert end <= add_operating_time(late, duration, calendar)
    if duration:
        assert end <= add_operating_time(early, duration + more, calendar)
    assert end >= early + duration


@given(place=calendars(), data=st.data())
@_quick
def test_time_between_adds_up(place: tuple[Calendar, dt.date], data: st.DataObject) -> None:
    calendar, day = place
    a, b, c = sorted(data.draw(moments(day)) for _ in range(3))
    whole = operating_time_between(a, c, calendar)
    assert whole == operating_time_between(a, b, calendar) + operating_time_between(b, c, calendar)
    assert dt.timedelta(0) <= whole <= c - a


@given(place=calendars(), data=st.data(), before=st.timedeltas(dt.timedelta(minutes=1), dt.timedelta(days=3)))
@_quick
def test_what_ends_with_a_window_ends_at_its_closing(
    place: tuple[Calendar, dt.date], data: st.DataObject, before: dt.timedelta
) -> None:
    calendar, day = place
    stretches = [one for by in range(-3, 21) for one in calendar.day(day + dt.timedelta(days=by)).stretches]
    closing = data.draw(st.sampled_from(stretches)).closes
    duration = operating_time_between(closing - before, closing, calendar)
    assert add_operating_time(closing - before, duration, calendar) == closing


@given(data=st.data())
@_quick
def test_a_day_that_came_before_its_midnight_is_open_by_its_own_hours(data: st.DataObject) -> None:
    """In St. John's a minute of Sunday was shown, and then most of an hour of Saturday again."""
    zone, sunday = zoneinfo.ZoneInfo("America/St_Johns"), dt.date(2006, 10, 29)
    closed_on = data.draw(st.sampled_from([CLOSED, Hours.of((dt.time(12), dt.time(13)))]))
    calendar = Calendar((*[closed_on] * 6, ALL_DAY), zone)
    midnight = calendar.day(sunday).starts
    at = midnight + data.draw(st.timedeltas(dt.timedelta(hours=-2), dt.timedelta(hours=3)))
    _minute, open_now = next(oracle.open_minutes(calendar, at))
    assert is_open(at, calendar) == open_now == (at >= midnight)
