"""A campaign waits while those who attend to its answers have too many unanswered: nobody who says yes waits for a seller
because the campaign was too fast.

Its sellers are its owner, or, when that is somebody who supervises, the promoters of its team. It is held once more people
wait for each of them than it allows, and goes on when they have brought that down to three quarters. Nothing is paused,
and nobody has to let go; a supervisor may, for a day.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import holds
from campaigns.brakes.base import News
from campaigns.enums import BrakeKind, CampaignState
from campaigns.models import Campaign, CampaignSellersHold, Conversation
from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying

# Of what is allowed, in percent: it goes on when no more wait.
GOES_ON_AT = 75
_LET_GO_FOR = dt.timedelta(days=1)
# Answers to older campaigns of the same owner or team no longer come.
_LAST_CAMPAIGNS = 100
_MOST_SELLERS = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crowd:
    """How many people wait for so many sellers. `waiting` is counted no further than one over what is allowed."""

    waiting: int
    sellers: int
    allowed: int

    @property
    def too_many(self) -> bool:
        return self.waiting > self.allowed

    @property
    def few_again(self) -> bool:
        return self.waiting <= self.goes_on_at

    @property
    def goes_on_at(self) -> int:
        return self.allowed * GOES_ON_AT // 100


class Sellers:
    kind: ClassVar[BrakeKind] = BrakeKind.SELLERS

    def look(self, news: News, now: dt.datetime) -> bool:
        """What is heard, and not what is sent, decides: `review` asks with each plan."""
        return False

    def held(self, campaign: Campaign, now: dt.datetime) -> str:
        row = CampaignSellersHold.objects.filter(campaign=campaign, held_since__isnull=False).first()
        return "" if row is None or campaign.state != CampaignState.RUNNING else sentence(row)

    def lift(self, campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
        """For a day, however many wait."""
        rows = CampaignSellersHold.objects.filter(campaign=campaign, held_since__isnull=False)
        rows.update(held_since=None, let_go_until=now + _LET_GO_FOR)
        holds.note(campaign, by=by, reason=reason, now=now)


def allowed_each(campaign: Campaign) -> int:
    """How many may wait for each of its sellers. 0: it asks for no such thing."""
    return settings.SELLER_CAPACITY if campaign.seller_capacity is None else campaign.seller_capacity


def holding(campaign: Campaign) -> CampaignSellersHold | None:
    """What holds it by now. No query where nobody asks for it, or the campaign was read with it."""
    if not allowed_each(campaign):
        return None
    try:
        row: CampaignSellersHold = campaign.sellers_hold
    except CampaignSellersHold.DoesNotExist:
        return None
    return row if row.held_since is not None else None


def review(campaigns: Iterable[Campaign], now: dt.datetime) -> None:
    """Take hold of those that should wait, and let go of those that may go on; what changed is on the given rows too.

    No query where no campaign asks for it; four for each that does.
    """
    for campaign in campaigns:
        if allowed_each(campaign):
            _review(campaign, now)


def _review(campaign: Campaign, now: dt.datetime) -> None:
    try:
        row = campaign.sellers_hold
    except CampaignSellersHold.DoesNotExist:
        row = CampaignSellersHold(campaign=campaign)
    if row.let_go_until is not None and row.let_go_until > now:
        return
    crowd = crowd_of(campaign, now)
    if row.held_since is None and crowd.too_many:
        row.held_since, row.waiting, row.sellers, row.goes_on_at = now, crowd.waiting, crowd.sellers, crowd.goes_on_at
    elif row.held_since is not None and crowd.few_again:
        row.held_since = None
    else:
        return
    # Two ticks that find the same write the same.
    values = {name: getattr(row, name) for name in ("held_since", "waiting", "sellers", "goes_on_at", "let_go_until")}
    retrying(lambda: CampaignSellersHold.objects.update_or_create(campaign=campaign, defaults=values))
    campaign.sellers_hold = row


def crowd_of(campaign: Campaign, now: dt.datetime) -> Crowd:
    """Each count stops at what decides, whatever waits beyond it."""
    sellers = sellers_of(campaign)
    allowed = allowed_each(campaign) * max(1, len(sellers))
    theirs = Conversation.objects.filter(assigned_to__in=sellers, due_at__lte=now)
    waiting = theirs.order_by()[: allowed + 1].count()
    if waiting <= allowed:
        nobodys = Conversation.objects.filter(campaign__in=_campaigns_like(campaign), due_at__lte=now)
        waiting += nobodys.filter(assigned_to=None).order_by()[: allowed + 1].count()
    return Crowd(waiting=min(waiting, allowed + 1), sellers=max(1, len(sellers)), allowed=allowed)


def sellers_of(campaign: Campaign) -> Sequence[int]:
    """Who attends to its answers, by id."""
    if not campaign.owner.is_supervisor and not campaign.owner.is_administrator:
        return [campaign.owner_id]
    members = campaign.team.members.filter(is_active=True).order_by("pk")
    return list(members.values_list("pk", flat=True)[:_MOST_SELLERS])


def _campaigns_like(campaign: Campaign) -> list[int]:
    """Those whose answers the same people attend to, itself among them."""
    rows = Campaign.objects.filter(team=campaign.team_id)
    if not campaign.owner.is_supervisor and not campaign.owner.is_administrator:
        rows = rows.filter(owner=campaign.owner_id)
    newest = list(rows.order_by("-pk").values_list("pk", flat=True)[:_LAST_CAMPAIGNS])
    return [*newest, campaign.pk]


def sentence(row: CampaignSellersHold) -> str:
    """Why it waits, as the end of a sentence."""
    waiting = ngettext(
        "hay más de %(waiting)d conversación sin contestar", "hay más de %(waiting)d conversaciones sin contestar",
        row.waiting - 1,
    ) % {"waiting": row.waiting - 1}  # fmt: skip
    whose = ngettext("para una persona", "entre %(sellers)d personas", row.sellers) % {"sellers": row.sellers}
    return _("%(waiting)s %(whose)s; sigue cuando queden %(few)d") % {
        "waiting": waiting,
        "whose": whose,
        "few": row.goes_on_at,
    }
