"""How far campaigns are: counted over an index, except for what is written down because it can't change any more."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from types import MappingProxyType

from campaigns import totals
from campaigns.enums import ENVIO_TERMINAL, Ack, EnvioState
from campaigns.models import Campaign, CampaignTotals


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
        """Messages that were tried to their end: sent, by us or by hand, or refused. Cancelled ones never were."""
        return sum(self.counts[state] for state in ENVIO_TERMINAL) - self.cancelled

    @property
    def cancelled(self) -> int:
        return self.counts[EnvioState.CANCELLED]

    @property
    def percent_done(self) -> int:
        """0 to 100, rounded down: 100 only when every message was tried to its end."""
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
    """The progress of each of these campaigns, also of those without a single envío. Always equal to a recount.

    Three queries at most, and none for no ids: the totals that are written down; what is not pending in the campaigns
    whose number of messages is; and every message of the others. See `campaigns.totals`.
    """
    wanted = set(campaign_ids)
    if not wanted:
        return {}
    kept = {row.pk: row for row in CampaignTotals.objects.filter(pk__in=wanted)}
    groups = {pk: totals.read_groups(row) for pk, row in kept.items() if row.groups is not None}
    moved = totals.moved_groups_of(kept.keys() - groups.keys())
    groups |= {pk: _with_pending(kept[pk].messages, others) for pk, others in moved.items()}
    groups |= totals.groups_of(wanted - kept.keys())
    return {pk: _progress(groups[pk]) for pk in wanted}


def _with_pending(messages: int, others: totals.Groups) -> totals.Groups:
    """Of a campaign that nobody adds to, whatever is in no other state is pending."""
    return {**others, (EnvioState.PENDING, Ack.NONE): messages - sum(others.values())}


def _progress(groups: totals.Groups) -> Progress:
    counts = dict.fromkeys(EnvioState, 0)
    acks = dict.fromkeys(Ack, 0)
    for (state, ack), number in groups.items():
        counts[state] += number
        if state is EnvioState.SENT:
            acks[ack] += number
    return Progress(
        counts=MappingProxyType(counts),
        server=_at_least(acks, Ack.SERVER),
        delivered=_at_least(acks, Ack.DELIVERED),
        read=_at_least(acks, Ack.READ),
    )


def _at_least(acks: Mapping[Ack, int], level: Ack) -> int:
    return sum(number for ack, number in acks.items() if ack >= level)
