"""Promoters watch their campaigns and stop them with one thumb. Each view: who, which, one call, answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns import lifecycle
from campaigns.engine.plan import Standing, make_plan
from campaigns.engine.why_not import braked, of_what_is_left
from campaigns.enums import CAMPAIGN_ENDED
from campaigns.errors import Refused
from campaigns.lifecycle import Verb
from campaigns.models import Campaign
from campaigns.policy import Act, may
from campaigns.progress import Progress, progress_of
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User

# What fits a phone; older ones are the supervisor's business.
_SHOWN = 30


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """One campaign as its promoter sees it."""

    campaign: Campaign
    progress: Progress
    standing: Standing | None
    can_pause: bool
    can_resume: bool


@login_required
@require_safe
def campaign_list(request: HttpRequest) -> HttpResponse:
    return render(request, "web/campaigns.html", _context(request))


@login_required
@require_safe
def campaign_cards(request: HttpRequest) -> HttpResponse:
    """The part of the list that moves."""
    return render(request, "web/campaign_cards.html", _context(request))


@login_required
@require_POST
def pause(request: HttpRequest, campaign_id: int) -> HttpResponse:
    return _act(
        request,
        campaign_id,
        lifecycle.pause,
        _("“%(name)s” quedó en pausa. A lo sumo sale el mensaje que ya iba en camino."),
    )


@login_required
@require_POST
def resume(request: HttpRequest, campaign_id: int) -> HttpResponse:
    return _act(request, campaign_id, lifecycle.resume, _("“%(name)s” sigue enviando."))


def _act(request: HttpRequest, campaign_id: int, verb: Callable[..., Campaign], done: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.visible_to(request.user), pk=campaign_id)
    try:
        verb(campaign, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done % {"name": campaign.name})
    return redirect("my-campaigns")


def _context(request: HttpRequest) -> dict[str, object]:
    campaigns = list(
        Campaign.objects.visible_to(request.user).filter(owner_id=request.user.pk).select_related("session")[:_SHOWN]
    )
    cards = cards_of(campaigns, current_user(request))
    return {"cards": cards, "moving": any(card.campaign.state not in CAMPAIGN_ENDED for card in cards)}


def cards_of(campaigns: list[Campaign], user: User) -> list[Card]:
    """How each of them stands, and what this person may do to it. The same queries for one and for thirty."""
    done = progress_of([campaign.pk for campaign in campaigns])
    standings = make_plan(timezone.now()).standings
    held = braked(campaigns)
    cards = []
    for campaign in campaigns:
        verbs = lifecycle.allowed_verbs(campaign) if may(user, Act.OPERATE, campaign) else []
        cards.append(
            Card(
                campaign=campaign,
                progress=done[campaign.pk],
                standing=held.get(campaign.pk) or of_what_is_left(standings.get(campaign.pk), done[campaign.pk]),
                can_pause=Verb.PAUSE in verbs,
                can_resume=Verb.RESUME in verbs and campaign.pk not in held,
            )
        )
    return cards
