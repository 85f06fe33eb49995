"""Variants of a draft's message, as a language model proposes them: a person reads, mends and accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.variants import provider
from campaigns.variants.proposals import MOST, Proposal, accept, base_of, check, propose
from leadmaster.accounts.current_user import current_user


def variants_page(request: HttpRequest, campaign: Campaign, context: Mapping[str, Any]) -> HttpResponse:
    """GET shows the message; POST asks for variants, or accepts those that were chosen."""
    back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    try:
        base = base_of(campaign)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(back)
    proposals: list[Proposal] = []
    if request.method == "POST":
        try:
            if request.POST.get("step") == "accept":
                return _accept(request, campaign, back=back)
            proposals = propose(campaign, count=MOST, by=current_user(request))
        except Refused as refusal:
            messages.error(request, str(refusal))
            # What was mended by hand stays.
            proposals = check(campaign, _texts(request))
    return TemplateResponse(
        request,
        "admin/campaigns/campaign/variants.html",
        {
            **context,
            "title": _("Variantes · %(name)s") % {"name": campaign.name},
            "base": base,
            "proposals": proposals,
            "configured": provider.configured(),
            "back": back,
        },
    )


def _accept(request: HttpRequest, campaign: Campaign, *, back: str) -> HttpResponse:
    chosen = [text for number, text in enumerate(_texts(request)) if str(number) in _chosen(request)]
    accept(campaign, chosen, base=request.POST.get("base", ""), by=current_user(request), now=timezone.now())
    sentence = ngettext("El mensaje tiene %d variante más.", "El mensaje tiene %d variantes más.", len(chosen))
    messages.success(request, sentence % len(chosen))
    return HttpResponseRedirect(back)


def _texts(request: HttpRequest) -> list[str]:
    return [text.replace("\r\n", "\n") for text in request.POST.getlist("text")[:MOST]]


def _chosen(request: HttpRequest) -> list[str]:
    return request.POST.getlist("use")
