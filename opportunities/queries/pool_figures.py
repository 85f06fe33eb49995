"""The pool in figures: how much, how old, of what, for how many days, and who may have it again soon. Bounded work."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import zoneinfo
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import Count as Counted
from leadmaster.directory.facets import Facets
from leadmaster.directory.facets import count as count_clients
from leadmaster.lib.days import ChargedDays
from leadmaster.lib.screens import Fill, Share
from opportunities.models import CoolDown, DailyQuota, Opportunity
from opportunities.querysets import OpportunityQuerySet

# Of whom facets and cool-downs are told: the oldest, as many as a request looks at first. Teams share it, and what one
# doesn't need is for the next ones.
WINDOW: Final = 2_000
# Beyond so many the exact number tells nothing, and counting stops.
COUNTED: Final = 10_000
_ENOUGH_FREE: Final = 1_000
_MOST_VALUES: Final = 12
_DAYS: Final = 14
_BACK: Final = 7
# Beyond a quarter the exact number tells nothing.
_MOST_DAYS: Final = 99
_FEW_DAYS: Final = 10

FACET_NAMES: Final[dict[str, Promise]] = {
    "province": gettext_lazy("Provincia"),
    "agreement": gettext_lazy("Convenio"),
    "client_type": gettext_lazy("Tipo"),
}
# Up to so many days old; the last has no end. The tones go from fresh to forgotten.
AGES: Final[tuple[tuple[int | None, Promise, Fill], ...]] = (
    (1, gettext_lazy("Menos de un día"), "sent"),
    (3, gettext_lazy("1 a 3 días"), "by-hand"),
    (7, gettext_lazy("3 a 7 días"), "server"),
    (30, gettext_lazy("7 a 30 días"), "uncertain"),
    (None, gettext_lazy("Más de 30 días"), "error"),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Runway:
    """How long there is something to hand out. `days` is None while nobody draws; `today` says whose rate it is.

    The rate is of everything that is handed out, so the stock is too: the pool, and the free clients that a draw goes on
    with. `more` says that `total`, the pool, is the least that it may be.
    """

    total: int
    more: bool = False
    free: Counted
    rate: int
    today: bool

    @property
    def days(self) -> float | None:
        return (self.total + self.free.number) / self.rate if self.rate else None

    @property
    def at_least(self) -> bool:
        """Whether `days` is the least that it may be."""
        return self.more or self.free.more

    @property
    def label(self) -> str:
        return Counted(number=self.total, more=self.more).label

    @property
    def words(self) -> str:
        if self.days is None:
            return _("sin consumo")
        if self.at_least or self.days > _MOST_DAYS:
            return _("más de %(days)d días") % {"days": min(int(self.days), _MOST_DAYS)}
        if 0 < self.days < 1:
            return _("menos de un día")
        # Tenths matter while there are few days left.
        days = math.floor(self.days * 10) / 10 if self.days < _FEW_DAYS else int(self.days)
        return _("%(days)s días") % {"days": number_format(days)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Age:
    """How many have been there so long; at least so many when there are `more`."""

    name: str
    tone: str
    count: int
    more: bool

    @property
    def label(self) -> str:
        return Counted(number=self.count, more=self.more).label


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One value of a facet. `bar` is drawn against the longest; its parts are ages."""

    value: str
    count: int
    parts: list[tuple[Share, str]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One day of a chart of columns, in percent of its box."""

    name: str
    count: int
    x: str
    y: str
    width: str
    height: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PoolFigures:
    runway: Runway
    ages: list[Age]
    rows: list[Row]
    cut: bool
    free: Counted
    drawn: list[Column]
    returning: list[Column]
    returning_total: int
    oldest: dt.datetime | None


def figures(teams: Collection[int], facet: str, *, now: dt.datetime) -> PoolFigures:
    pooled = Opportunity.objects.filter(team_id__in=teams).pool()
    ages = _ages(pooled, now)
    burnt = burn(teams, now=now)
    looked = _oldest(teams, facet)
    free = free_clients()
    back = _returning([client for client, _value, _since in looked], now)
    total = Counted(number=sum(age.count for age in ages), more=any(age.more for age in ages))
    return PoolFigures(
        runway=runway_of(total, burnt, free=free),
        ages=[age for age in ages if age.count],
        rows=_rows(looked, now),
        cut=total.more or total.number > len(looked),
        free=free,
        drawn=_columns(_named({-ago: number for ago, number in burnt.items()}, now, range(1 - _BACK, 1))),
        returning=_columns(_named(back, now, range(_DAYS))),
        returning_total=sum(back.values()),
        oldest=min((since for _client, _value, since in looked), default=None),
    )


def runway(teams: Collection[int], *, now: dt.datetime) -> Runway:
    """Three queries."""
    pooled = _counted(Opportunity.objects.filter(team_id__in=teams).pool())
    return runway_of(pooled, burn(teams, now=now), free=free_clients())


def free_clients() -> Counted:
    """How many clients are nobody's and everybody's, up to where the exact number tells nothing. One query."""
    return count_clients(Facets(), Availability.FREE, up_to=_ENOUGH_FREE)


def burn(teams: Collection[int], *, now: dt.datetime) -> Counter[int]:
    """How many were handed out so many days ago, by the quotas that paid for them. Each desk has its own today."""
    since = now.date() - dt.timedelta(days=_BACK + 1)
    used = DailyQuota.objects.filter(promoter__desk__team__in=teams, day__gte=since).order_by()
    found: Counter[int] = Counter()
    desk = ("calendar__time_zone", "held_day", "held_until")
    rows = used.values_list(*(f"promoter__desk__{name}" for name in desk), "day").annotate(Sum("used"))
    for zone, held, until, day, number in rows:
        today = ChargedDays(tz=zoneinfo.ZoneInfo(zone), held=held, until=until).at(now)
        found[(today - day).days] += number
    return found


def runway_of(total: Counted, burnt: Counter[int], *, free: Counted) -> Runway:
    """At today's rate; before the first request of the day, at that of the last day that had any."""
    today = bool(burnt[0])
    rate = next((burnt[ago] for ago in sorted(burnt) if ago >= 0 and burnt[ago]), 0)
    return Runway(total=total.number, more=total.more, free=free, rate=rate, today=today)


# --- Pieces -----------------------------------------------------------------------------------------------------------


def _counted(pooled: OpportunityQuerySet) -> Counted:
    """How many these are, over the index alone. One query."""
    number = pooled.order_by().values("pk")[: COUNTED + 1].count()
    return Counted(number=min(number, COUNTED), more=number > COUNTED)


def _ages(pooled: OpportunityQuerySet, now: dt.datetime) -> list[Age]:
    """How many of each age. One query each."""
    found = []
    newer = None
    for days, name, tone in AGES:
        rows = pooled if newer is None else pooled.filter(state_since__lte=newer)
        if days is not None:
            newer = now - dt.timedelta(days=days)
            rows = rows.filter(state_since__gt=newer)
        counted = _counted(rows)
        found.append(Age(name=str(name), tone=tone, count=counted.number, more=counted.more))
    return found


def _oldest(teams: Collection[int], facet: str) -> list[tuple[int, str, dt.datetime]]:
    """Client, value of the facet and age of the oldest of each team, which share the window.

    They are chosen on the index alone, team by team because it has them in this order, and then read.
    """
    ids: list[int] = []
    for teams_left, team in zip(range(len(teams), 0, -1), teams, strict=True):
        share = (WINDOW - len(ids)) // teams_left
        ids += Opportunity.objects.filter(team_id=team).pool().values_list("pk", flat=True)[:share]
    rows = Opportunity.objects.filter(team_id__in=teams).pool().filter(pk__in=ids).order_by()
    return list(rows.values_list("client_id", f"client__{facet}", "state_since"))


def _age_of(since: dt.datetime, now: dt.datetime) -> int:
    old = now - since
    return next(
        position for position, (days, _name, _fill) in enumerate(AGES) if days is None or old < dt.timedelta(days=days)
    )


def _rows(looked: Sequence[tuple[int, str, dt.datetime]], now: dt.datetime) -> list[Row]:
    by_value: dict[str, Counter[int]] = {}
    for _client, value, since in looked:
        by_value.setdefault(value or "", Counter())[_age_of(since, now)] += 1
    most = sorted(by_value.items(), key=lambda one: (-one[1].total(), one[0]))[:_MOST_VALUES]
    longest = max((ages.total() for _value, ages in most), default=1)
    return [Row(value=value, count=ages.total(), parts=_parts(ages, longest)) for value, ages in most]


def _parts(ages: Counter[int], longest: int) -> list[tuple[Share, str]]:
    """Each age with where it begins, both in percent of the longest bar."""
    found = []
    left = 0.0
    for position, (_days, name, fill) in enumerate(AGES):
        if ages[position]:
            percent = ages[position] * 100 / longest
            found.append((Share(str(name), ages[position], percent, fill), f"{left:.3f}"))
            left += percent
    return found


def _returning(clients: Collection[int], now: dt.datetime) -> Counter[int]:
    """In how many days the cool-downs of these clients end."""
    until = now + dt.timedelta(days=_DAYS)
    ends = CoolDown.objects.filter(client__in=clients, until__gt=now, until__lt=until).values_list("until", flat=True)
    today = timezone.localdate(now)
    days = ((timezone.localdate(end) - today).days for end in ends)
    return Counter(ahead for ahead in days if ahead < _DAYS)


def _named(counts: Mapping[int, int], now: dt.datetime, days: range) -> list[tuple[str, int]]:
    """Days ahead of the viewer's today, and how many on each."""
    today = timezone.localdate(now)
    return [(date_format(today + dt.timedelta(days=ahead), "D j").lower(), counts.get(ahead, 0)) for ahead in days]


def _columns(named: Sequence[tuple[str, int]]) -> list[Column]:
    top = max((number for _name, number in named), default=0) or 1
    slot = 100 / max(len(named), 1)
    return [
        Column(
            name=name,
            count=number,
            x=f"{position * slot + slot * 0.12:.2f}",
            y=f"{100 - number * 100 / top:.2f}",
            width=f"{slot * 0.76:.2f}",
            height=f"{number * 100 / top:.2f}",
        )
        for position, (name, number) in enumerate(named)
    ]
