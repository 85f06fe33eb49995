"""A promoter slows one of their campaigns down."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import pacing, screens
from campaigns.errors import Refused
from campaigns.pacing_form import PacingForm, pacing_of
from campaigns.web.detail import context, find
from leadmaster.accounts.current_user import current_user


@login_required
@require_POST
def change(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """What is mistyped comes back in its form, what is refused as a sentence."""
    campaign, form = find(request, campaign_id), PacingForm(request.POST)
    if not form.is_valid():
        if not pacing.may_change(current_user(request), campaign):
            return redirect("my-campaign", campaign.pk)
        return render(request, "web/campaign.html", context(request, campaign, pacing=form))
    typed = form.cleaned_data
    try:
        pacing.change(
            campaign,
            pacing_of(typed),
            version=typed["version"],
            by=current_user(request),
            reason=typed["reason"],
            now=timezone.now(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        told = _("“%(name)s” cambió de ritmo: %(pacing)s, desde el próximo mensaje.")
        messages.success(request, told % {"name": campaign.name, "pacing": screens.pacing(campaign)})
    return redirect("my-campaign", campaign.pk)
