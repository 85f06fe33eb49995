"""Campaign by campaign: what went out and what was refused in the period, and how its messages stand now."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Mapping

from django.db.models import Count

from campaigns.diagnosis.scope import Scope
from campaigns.engine.timing import lease
from campaigns.enums import EnvioState
from campaigns.models import Campaign
from campaigns.progress import progress_of
from campaigns.proofs import without_id

# Above this share of what was answered an error rate is told.
ERROR_RATE = 0.05
STUCK_AFTER = dt.timedelta(minutes=5)
# Campaigns whose messages are counted by state; of the others the period's figures are told.
MOST_COUNTED = 50
_MOST_IDS = 1_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class CampaignFigures:
    """`states` are all its messages, whenever; None where there are too many campaigns to count each."""

    id: int
    name: str
    team: str
    state: str
    sent: int
    historical: int
    errors: int
    states: Mapping[EnvioState, int] | None

    @property
    def error_rate(self) -> float:
        """Errors among what the gateway answered for in the period, 0.0 to 1.0."""
        answered = self.sent + self.errors
        return self.errors / answered if answered else 0.0

    @property
    def total(self) -> int:
        return self.sent + self.historical + self.errors


@dataclasses.dataclass(frozen=True, kw_only=True)
class Broken:
    """Rows that are untrue whenever they were written; their ids, a thousand of each at the most."""

    stuck: tuple[int, ...]
    without_time: tuple[int, ...]
    timeless_without_id: int


def by_campaign(scope: Scope) -> list[CampaignFigures]:
    """Those that did anything in the period, and those that were asked for by name; whoever sent most first."""
    counts: dict[int, collections.Counter[EnvioState]] = collections.defaultdict(collections.Counter)
    for state, column in (
        (EnvioState.SENT, "sent_at"),
        (EnvioState.HISTORICAL, "ended_at"),
        (EnvioState.ERROR, "ended_at"),
    ):
        of_campaigns = scope.within(column, state).filter(campaign__isnull=False)
        for campaign, number in of_campaigns.values_list("campaign_id").annotate(number=Count("pk")):
            counts[campaign][state] = number
    if scope.campaigns is not None and len(scope.campaigns) == 1:
        counts[next(iter(scope.campaigns))].update({})
    ordered = sorted(counts, key=lambda pk: (-counts[pk].total(), pk))
    progress = progress_of(ordered[:MOST_COUNTED])
    rows = Campaign.objects.filter(pk__in=ordered).select_related("team").only("name", "state", "team__name")
    campaigns = {campaign.pk: campaign for campaign in rows}
    return [
        CampaignFigures(
            id=pk,
            name=campaigns[pk].name,
            team=campaigns[pk].team.name,
            state=campaigns[pk].state,
            sent=counts[pk][EnvioState.SENT],
            historical=counts[pk][EnvioState.HISTORICAL],
            errors=counts[pk][EnvioState.ERROR],
            states=progress[pk].counts if pk in progress else None,
        )
        for pk in ordered
        if pk in campaigns
    ]


def broken(scope: Scope, *, now: dt.datetime) -> Broken:
    """`enviando` for more than five minutes, and `enviado` without a time, whatever the period."""
    # A claim writes its time and the lease's length together.
    taken_before = now - STUCK_AFTER + lease()
    stuck = scope.rows().filter(state=EnvioState.SENDING, lease_until__lt=taken_before)
    timeless = scope.rows().filter(state=EnvioState.SENT, sent_at__isnull=True)
    return Broken(
        stuck=tuple(stuck.values_list("pk", flat=True)[:_MOST_IDS]),
        without_time=tuple(timeless.values_list("pk", flat=True)[:_MOST_IDS]),
        timeless_without_id=timeless.filter(without_id())[:_MOST_IDS].count(),
    )
