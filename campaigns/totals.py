"""Totals that are written down, and stay equal to a recount.

Counting is exact and reads an index entry per message, which is nothing for the campaigns at work and a second for a
million messages that ended long ago. So two facts that can't change are kept:

* `messages`, from the launch on: nobody adds recipients any more, so whatever is not in another state is pending.
* `groups`, of a campaign that ended with nothing pending or in flight. Whoever moves one of its messages all the same
  (a late acknowledgement, a decision about an uncertain one) drops them in the same transaction.

The tick's way writes none of this: a claim and its settling touch campaigns that have something pending or in flight.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from campaigns.enums import CAMPAIGN_ENDED, Ack, CampaignState, EnvioState
from campaigns.models import Campaign, CampaignTotals, Envio
from leadmaster.lib.db.retry import retrying

# How many messages are in each state with each acknowledgement.
Groups = dict[tuple[EnvioState, Ack], int]

# No recipients are added in these any more, and none of them leads back to a draft.
LAUNCHED = (CampaignState.RUNNING, CampaignState.PAUSED, *CAMPAIGN_ENDED)
RESTLESS = frozenset({EnvioState.PENDING, EnvioState.SENDING})
_BATCH = 50


def groups_of(campaign_ids: Collection[int]) -> dict[int, Groups]:
    """Every message of these campaigns, counted now."""
    return _grouped(Envio.objects.filter(campaign_id__in=campaign_ids), campaign_ids)


def moved_groups_of(campaign_ids: Collection[int]) -> dict[int, Groups]:
    """Only those that are pending no more: little, where a campaign of a million has just begun."""
    moved = [state for state in EnvioState if state is not EnvioState.PENDING]
    return _grouped(Envio.objects.filter(campaign_id__in=campaign_ids, state__in=moved), campaign_ids)


def drop_groups(*envio_ids: int) -> None:
    """Messages that rested were moved: what is written down of their campaigns is counted again.

    Runs in the transaction of the move, after it. That order is what `write_down` relies on.
    """
    campaigns = set(Envio.objects.filter(pk__in=envio_ids).order_by().values_list("campaign_id", flat=True))
    drop_groups_of(*campaigns)


def drop_groups_of(*campaign_ids: int | None) -> None:
    """The same, for whoever knows the campaigns. None is what is of no campaign, and counted nowhere."""
    known = sorted(pk for pk in campaign_ids if pk is not None)
    # No further condition: the row's lock has to be waited for, or a count at work would miss this move.
    CampaignTotals.objects.filter(pk__in=known).update(groups=None)


def forget(campaign_id: int) -> None:
    """What is written down of this campaign was wrong: everything is counted, and written down anew when it rests."""
    CampaignTotals.objects.filter(pk=campaign_id).delete()


def write_down_all(now: dt.datetime) -> int:
    """Write down what can be, of up to fifty campaigns; returns of how many. One query when nothing is to be done."""
    lacking = Q(totals__isnull=True) | Q(state__in=CAMPAIGN_ENDED, totals__groups__isnull=True)
    waiting = Campaign.objects.filter(lacking, state__in=LAUNCHED).order_by("-id").values_list("pk", flat=True)
    return sum(retrying(functools.partial(write_down, campaign_id, now=now)) for campaign_id in list(waiting[:_BATCH]))


@transaction.atomic(durable=True)
def write_down(campaign_id: int, *, now: dt.datetime) -> bool:
    """Write down this campaign's totals as far as they can't change any more; whether anything was written.

    The order makes it exact. The totals' row is locked first, so whoever drops the groups from here on waits and drops
    them afterwards. Then the messages are counted under their locks: one that somebody is moving right now is passed
    over, the sum falls short, and nothing is written down until next time. It waits for nobody.
    """
    campaign = Campaign.objects.select_for_update().filter(pk=campaign_id, state__in=LAUNCHED).first()
    if campaign is None:
        return False
    kept = CampaignTotals.objects.select_for_update().filter(pk=campaign_id).first()
    if kept is None:
        count = Envio.objects.filter(campaign=campaign).count()
        kept = CampaignTotals.objects.create(campaign=campaign, messages=count, counted_at=now)
        if campaign.state not in CAMPAIGN_ENDED:
            return True
    if campaign.state not in CAMPAIGN_ENDED or _is_restless(campaign_id):
        return False
    rows = Envio.objects.filter(campaign=campaign).select_for_update(skip_locked=True)
    groups = _grouped(rows, [campaign_id])[campaign_id]
    if sum(groups.values()) != kept.messages or any(state in RESTLESS for state, _ack in groups):
        return False
    kept.groups = [[state.value, ack, number] for (state, ack), number in groups.items()]
    kept.counted_at = now
    kept.save(update_fields=["groups", "counted_at"])
    return True


def read_groups(kept: CampaignTotals) -> Groups:
    return {(EnvioState(state), Ack(ack)): number for state, ack, number in kept.groups or ()}


def _is_restless(campaign_id: int) -> bool:
    """Not worth locking everything for."""
    return Envio.objects.filter(campaign_id=campaign_id, state__in=RESTLESS).exists()


def _grouped(rows: QuerySet[Envio], campaign_ids: Collection[int]) -> dict[int, Groups]:
    """By campaign, also of those without any."""
    found: dict[int, Groups] = {pk: {} for pk in campaign_ids}
    if not found:
        return found
    counted = rows.order_by().values_list("campaign_id", "state", "ack").annotate(number=Count("id"))
    for campaign_id, state, ack, number in counted:
        found[campaign_id][EnvioState(state), Ack(ack)] = number
    return found
