"""The newest tries of a campaign, as brakes judge them: at bounded cost, whatever it has sent before."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Max, OuterRef, QuerySet, Subquery

from campaigns.enums import BrakeKind
from campaigns.models import Attempt, Campaign, CampaignBrake, ScheduleDay

# So many are read, and nothing older.
MOST = 200
_DAYS = dt.timedelta(days=14)
# The brakes that judge by them.
_LIFTED = (BrakeKind.ERROR_RATE, BrakeKind.OPT_OUTS)


class Try(NamedTuple):
    id: int
    claimed_at: dt.datetime
    outcome: str
    counted: bool
    code: str
    http_status: int | None
    envio_state: str
    phone: str


class Tries:
    """The newest tries of some campaigns, read once for all brakes of a look."""

    def __init__(self, tries: Mapping[int, Sequence[Try]], lifted: Mapping[tuple[int, str], dt.datetime]) -> None:
        self._tries, self._lifted = tries, lifted

    def judged(self, campaign: Campaign, kind: BrakeKind, *, most: int = MOST) -> list[Try]:
        """The last `most`, the newest first, without those from before this brake was last lifted."""
        since = self._lifted.get((campaign.pk, kind))
        return [one for one in self._tries[campaign.pk][:most] if since is None or one.claimed_at > since]


def newest_tries(campaigns: Iterable[Campaign], now: dt.datetime) -> Tries:
    """One query for all, and one for each schedule that sent lately; none without campaigns."""
    wanted = [campaign.pk for campaign in campaigns]
    if not wanted:
        return Tries({}, {})
    by_schedule: dict[tuple[int, int], list[int]] = defaultdict(list)
    lifted: dict[tuple[int, str], dt.datetime] = {}
    for campaign_id, schedule_id, day_id, *lifts in _days_of(wanted, now):
        by_schedule[campaign_id, schedule_id].append(day_id)
        lifted |= {(campaign_id, kind): at for kind, at in zip(_LIFTED, lifts, strict=True) if at is not None}
    tries: dict[int, list[Try]] = {pk: [] for pk in wanted}
    for (campaign_id, _schedule), day_ids in by_schedule.items():
        tries[campaign_id] += _last_of(day_ids)
    return Tries({pk: sorted(rows, key=lambda one: -one.id)[:MOST] for pk, rows in tries.items()}, lifted)


def _days_of(campaign_ids: Sequence[int], now: dt.datetime) -> Iterable[tuple[Any, ...]]:
    """(campaign, schedule, its day's row, when each brake was last lifted) of the days on which it may have sent."""
    lifts = {f"lifted_{kind.name.lower()}": Subquery(_last_lift(kind)) for kind in _LIFTED}
    return (
        ScheduleDay.objects.filter(schedule__campaign__in=campaign_ids, day__gte=(now - _DAYS).date())
        .annotate(**lifts)
        .order_by("id")
        .values_list("schedule__campaign", "schedule_id", "id", *lifts)
    )


def _last_lift(kind: BrakeKind) -> QuerySet[CampaignBrake, Any]:
    lifts = CampaignBrake.objects.filter(campaign=OuterRef("schedule__campaign"), kind=kind)
    return lifts.order_by().values("campaign").annotate(at=Max("ended_at")).values("at")


def _last_of(day_ids: Sequence[int]) -> list[Try]:
    """The newest of one schedule, backwards through the index of its days: never more than so many are read."""
    rows = Attempt.objects.filter(schedule_day__in=day_ids).order_by("-schedule_day_id", "-id")
    fields = ("id", "claimed_at", "outcome", "counted", "code", "http_status", "envio__state", "envio__phone")
    return [Try(*row) for row in rows.values_list(*fields)[:MOST]]
