"""How far campaigns are, counted from the rows: one grouped query over (campaign, state, ack), whatever their number."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from types import MappingProxyType

from django.db.models import Count

from campaigns.enums import ENVIO_TERMINAL, Ack, EnvioState
from campaigns.models import Campaign, Envio


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """Counts of one campaign. The funnel is cumulative: whoever read it also received it."""

    counts: Mapping[EnvioState, int]
    server: int
    delivered: int
    read: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def sent(self) -> int:
        """Sent by us, with the gateway's proof. What a person sent by hand is counted apart."""
        return self.counts[EnvioState.SENT]

    @property
    def done(self) -> int:
        """Messages on which nothing more will happen."""
        return sum(self.counts[state] for state in ENVIO_TERMINAL)

    @property
    def percent_done(self) -> int:
        """0 to 100, rounded down: 100 only when everything is over."""
        return self.done * 100 // self.total if self.total else 0

    @property
    def error_rate(self) -> float:
        """Errors among what the gateway answered for, 0.0 to 1.0."""
        errors = self.counts[EnvioState.ERROR]
        answered = self.sent + errors
        return errors / answered if answered else 0.0


def progress(campaign: Campaign) -> Progress:
    return progress_of([campaign.pk])[campaign.pk]


def progress_of(campaign_ids: Collection[int]) -> dict[int, Progress]:
    """The progress of each of these campaigns, also of those without a single envío. One query; none for no ids."""
    counts: dict[int, dict[EnvioState, int]] = {pk: dict.fromkeys(EnvioState, 0) for pk in campaign_ids}
    acks: dict[int, dict[Ack, int]] = {pk: dict.fromkeys(Ack, 0) for pk in campaign_ids}
    if not counts:
        return {}
    groups = (
        Envio.objects.filter(campaign_id__in=list(counts))
        .order_by()
        .values_list("campaign_id", "state", "ack")
        .annotate(number=Count("id"))
    )
    for campaign_id, state, ack, number in groups:
        counts[campaign_id][EnvioState(state)] += number
        if state == EnvioState.SENT:
            acks[campaign_id][Ack(ack)] += number
    return {
        pk: Progress(
            counts=MappingProxyType(counts[pk]),
            server=_at_least(acks[pk], Ack.SERVER),
            delivered=_at_least(acks[pk], Ack.DELIVERED),
            read=_at_least(acks[pk], Ack.READ),
        )
        for pk in counts
    }


def _at_least(acks: Mapping[Ack, int], level: Ack) -> int:
    return sum(number for ack, number in acks.items() if ack >= level)
