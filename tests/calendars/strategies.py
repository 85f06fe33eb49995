"""Calendars and moments for property tests, thick around the hours at which clocks jump."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo

from hypothesis import strategies as st

from leadmaster.calendars.arithmetic import Calendar, Hours

# A zone and a day on (or next to) which its clocks jump.
JUMPS = [
    ("America/Mexico_City", dt.date(2022, 4, 3)),
    ("America/Mexico_City", dt.date(2022, 10, 30)),
    ("America/Mexico_City", dt.date(2026, 11, 16)),
    ("America/Argentina/Cordoba", dt.date(2008, 10, 19)),  # midnight is skipped
    ("America/Argentina/Cordoba", dt.date(2009, 3, 15)),
    ("America/Santiago", dt.date(2024, 9, 8)),  # midnight is skipped
    ("America/Santiago", dt.date(2024, 4, 7)),  # the last hour of Saturday comes twice
    ("America/Sao_Paulo", dt.date(2018, 11, 4)),
    ("America/Sao_Paulo", dt.date(2018, 2, 18)),
    ("Europe/Madrid", dt.date(2024, 3, 31)),
    ("Europe/Madrid", dt.date(2024, 10, 27)),
    ("Australia/Lord_Howe", dt.date(2024, 10, 6)),  # half an hour
    ("Australia/Lord_Howe", dt.date(2024, 4, 7)),
    ("America/Havana", dt.date(2024, 11, 3)),  # midnight comes twice
    ("America/St_Johns", dt.date(2006, 10, 29)),  # one minute of Sunday, then Saturday again
    ("Pacific/Apia", dt.date(2011, 12, 30)),  # a day that never was
    ("UTC", dt.date(2024, 2, 29)),
]

_DAY_MINUTES = 24 * 60
_CASUAL = st.sampled_from([0, 60, 90, 120, 150, 180, 540, 780, 840, 1080, 1380, 1410, 1439])


def _time(minute: int) -> dt.time:
    return dt.time(minute % _DAY_MINUTES // 60, minute % 60)


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    """Up to three windows, some of them touching, some ending at 24:00 or after midnight; sometimes none."""
    edges = draw(st.lists(st.one_of(_CASUAL, st.integers(0, _DAY_MINUTES)), max_size=6, unique=True).map(sorted))
    pairs = list(zip(edges[0::2], edges[1::2], strict=False))
    if draw(st.booleans()) and len(edges) > 2:
        pairs = list(itertools.pairwise(edges))
    pairs = [(opens, closes) for opens, closes in pairs if opens < _DAY_MINUTES]
    if pairs and pairs[-1][0] > 1 and draw(st.booleans()):
        opens = pairs[-1][0]
        pairs[-1] = (opens, draw(st.integers(1, opens - 1)))
    return Hours.of(*((_time(opens), _time(closes)) for opens, closes in pairs))


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, dt.date]:
    """A calendar that opens every week, and a day that is worth a look."""
    zone, day = draw(st.sampled_from(JUMPS))
    ordinary = draw(hours().filter(lambda found: bool(found.windows)))
    week = draw(st.lists(st.one_of(st.just(ordinary), hours()), min_size=6, max_size=6))
    place = draw(st.integers(0, 6))
    week.insert(place, ordinary)
    near = st.integers(-4, 6).map(lambda days: day + dt.timedelta(days=days))
    holidays = draw(st.dictionaries(near, hours(), max_size=4))
    return Calendar(tuple(week), zoneinfo.ZoneInfo(zone), holidays), day


def moments(day: dt.date) -> st.SearchStrategy[dt.datetime]:
    """Within three days of `day`: often whole quarters of an hour, sometimes to the microsecond."""
    midnight = dt.datetime.combine(day, dt.time(0), tzinfo=dt.UTC)
    quarters = st.integers(-3 * 96, 3 * 96).map(lambda quarter: midnight + dt.timedelta(minutes=15 * quarter))
    odd = st.timedeltas(min_value=dt.timedelta(days=-3), max_value=dt.timedelta(days=3)).map(lambda by: midnight + by)
    return st.one_of(quarters, odd)


durations = st.one_of(
    st.just(dt.timedelta(0)),
    st.integers(0, 4 * 40).map(lambda quarters: dt.timedelta(minutes=15 * quarters)),
    st.timedeltas(min_value=dt.timedelta(0), max_value=dt.timedelta(hours=30)),
)
