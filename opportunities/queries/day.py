"""What stands on a promoter's day beside their clients: what they did since midnight, their campaigns, their lines."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

from django.db.models import Count, Sum

from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.progress import Progress, progress_of
from leadmaster.accounts.models import User
from leadmaster.lib.amounts import show_amount
from leadmaster.lib.clock import local_datetime
from opportunities.enums import EventKind
from opportunities.models import OpportunityEvent, Promoter, Sale
from opportunities.queries.contact_figures import Contacts, contacts_today
from opportunities.queries.regions import region_of
from whatsapp.models import WhatsAppSession
from whatsapp.standing import Standing, standing

_MOST: Final = 5
# What is under way, or waits for a person.
_UNDER_WAY: Final = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.AWAITING_APPROVAL)
# It goes on by itself, or is on its way there.
_WELL: Final = frozenset({Standing.READY, Standing.RESTING, Standing.CONNECTING})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Results:
    """Since this person's midnight. `amount` is what was sold, as their desk writes it; empty without a sale."""

    contacts: Contacts
    moves: int
    sales: int
    amount: str

    @property
    def any(self) -> bool:
        return bool(self.contacts.number or self.moves or self.sales)


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnderWay:
    campaign: Campaign
    progress: Progress


def results_of_day(promoter: Promoter, *, now: dt.datetime) -> Results:
    """Three queries. A sale that was annulled is none."""
    since = local_datetime(promoter.desk.date_at(now), dt.time(0), promoter.desk.calendar.tz)
    sold = Sale.objects.filter(promoter=promoter, at__gte=since).aggregate(number=Count("id"), amount=Sum("amount"))
    moved = OpportunityEvent.objects.filter(by=promoter.user_id, at__gte=since, kind=EventKind.MOVED).count()
    amount = show_amount(sold["amount"], region=region_of(promoter)) if sold["number"] else ""
    return Results(contacts=contacts_today(promoter, now=now), moves=moved, sales=sold["number"], amount=amount)


def campaigns_under_way(promoter: Promoter) -> list[UnderWay]:
    """Their own, the newest first."""
    rows = list(Campaign.objects.filter(owner=promoter.user_id, state__in=_UNDER_WAY).order_by("-id")[:_MOST])
    done = progress_of([row.pk for row in rows]) if rows else {}
    return [UnderWay(campaign=row, progress=done[row.pk]) for row in rows]


def lines_in_trouble(user: User, *, now: dt.datetime) -> list[WhatsAppSession]:
    """Their own lines that do not send and need somebody to look."""
    lines = WhatsAppSession.objects.filter(owner=user).order_by("name", "id")
    return [line for line in lines if standing(line, now) not in _WELL]
