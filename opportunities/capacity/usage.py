"""How much of each allowance promoters have used: the day's quota, what they hold, captures, extensions, leave."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from django.db.models import Count, QuerySet

from opportunities.enums import EventKind, OpportunityState
from opportunities.models import Absence, DailyQuota, Opportunity, OpportunityEvent, Promoter

EXTENSION_WINDOW = dt.timedelta(days=7)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Usage:
    """One promoter now. `quota` is today's row, None before the first use of the day."""

    promoter: Promoter
    day: dt.date
    limit: int
    used: int
    active: int
    captured: int
    extended: int
    quota: DailyQuota | None
    absence: Absence | None

    @property
    def left(self) -> int:
        return max(self.limit - self.used, 0)

    @property
    def can_get(self) -> int:
        return can_get(self.promoter, left=self.left, active=self.active)

    @property
    def raised(self) -> bool:
        """Whether today's limit is not the one of every day."""
        return self.limit != self.promoter.quota_of_a_day


def headroom(promoter: Promoter, active: int) -> int:
    """How many more a promoter may have in hand; no permission changes it."""
    return max(promoter.most_active - active, 0)


def can_get(promoter: Promoter, *, left: int, active: int) -> int:
    """How many more a promoter can get now: as far as what is `left` of the quota, and what they have in hand, allow."""
    return min(max(left, 0), headroom(promoter, active))


def captured_today(promoter: Promoter, *, now: dt.datetime) -> int:
    """Their captures since their own midnight."""
    return _captured_today([promoter], now)[promoter.pk]


def extensions_of(promoters: Iterable[int], *, now: dt.datetime) -> QuerySet[OpportunityEvent]:
    """The extensions that still count for these promoters."""
    return _events(promoters, EventKind.EXTENDED).filter(at__gt=now - EXTENSION_WINDOW)


def usage_of(promoters: Sequence[Promoter], *, now: dt.datetime) -> list[Usage]:
    """In the order given; each comes with its user and its desk's calendar. Five queries, however many they are."""
    ids = [promoter.pk for promoter in promoters]
    days = {promoter.pk: promoter.desk.day_at(now) for promoter in promoters}
    quotas = {
        (row.promoter_id, row.day): row
        for row in DailyQuota.objects.filter(promoter__in=ids, day__in=set(days.values()))
    }
    active = Opportunity.objects.filter(owner__in=ids, state=OpportunityState.ACTIVE).order_by()
    holds = dict(active.values_list("owner").annotate(number=Count("id")))
    extended = dict(extensions_of(ids, now=now).values_list("to_owner").annotate(number=Count("id")))
    captured = _captured_today(promoters, now)
    away = _away(promoters, now)
    return [
        Usage(
            promoter=promoter,
            day=days[promoter.pk],
            limit=quota.limit if (quota := quotas.get((promoter.pk, days[promoter.pk]))) else promoter.quota_of_a_day,
            used=quota.used if quota else 0,
            active=holds.get(promoter.pk, 0),
            captured=captured[promoter.pk],
            extended=extended.get(promoter.pk, 0),
            quota=quota,
            absence=away.get(promoter.pk),
        )
        for promoter in promoters
    ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Allowance:
    """Today's quota as it stands: `left` is what a request could still get, which a full desk makes less."""

    limit: int
    used: int
    room: int

    @property
    def left(self) -> int:
        return max(min(self.limit - self.used, self.room), 0)

    @property
    def full(self) -> bool:
        """Whether it is the work in hand, and not the quota, that admits no more."""
        return self.room <= 0 < self.limit - self.used


def allowance_of(promoter: Promoter, *, active: int, now: dt.datetime) -> Allowance:
    """One query. The day's row is made by the first request, not by looking."""
    day = promoter.desk.day_at(now)
    row = DailyQuota.objects.filter(promoter=promoter, day=day).first()
    return Allowance(
        limit=row.limit if row else promoter.quota_of_a_day,
        used=row.used if row else 0,
        room=promoter.most_active - active,
    )


def active_of(promoter: Promoter) -> int:
    return Opportunity.objects.filter(owner=promoter, state=OpportunityState.ACTIVE).count()


def _events(ids: Iterable[int], kind: EventKind) -> QuerySet[OpportunityEvent]:
    return OpportunityEvent.objects.filter(to_owner__in=list(ids), kind=kind).order_by()


def _captured_today(promoters: Sequence[Promoter], now: dt.datetime) -> collections.Counter[int]:
    """Each day begins with the promoter's own midnight."""
    starts = {promoter.pk: promoter.desk.charged_days.began(now) for promoter in promoters}
    if not starts:
        return collections.Counter()
    rows = _events(starts, EventKind.CAPTURED).filter(at__gte=min(starts.values()))
    return collections.Counter(pk for pk, at in rows.values_list("to_owner_id", "at") if pk and at >= starts[pk])


def _away(promoters: Sequence[Promoter], now: dt.datetime) -> dict[int, Absence]:
    dates = {promoter.pk: promoter.desk.date_at(now) for promoter in promoters}
    today = set(dates.values())
    if not today:
        return {}
    rows = Absence.objects.filter(
        promoter__in=list(dates), ended_at__isnull=True, starts_on__lte=max(today), ends_on__gte=min(today)
    )
    return {row.promoter_id: row for row in rows if row.starts_on <= dates[row.promoter_id] <= row.ends_on}
