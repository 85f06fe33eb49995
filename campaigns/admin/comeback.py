"""The way back after an automatic stop, as a page: what to look at before, how the criteria stand, and the cap's end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns import comeback, restores, switch
from campaigns.errors import Refused
from campaigns.models import Campaign, CampaignBrake
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run

_PAGE = "admin:campaigns_senderswitch_comeback"
_LISTED = 20


@require_safe
def show(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """For whoever may turn the switch."""
    _require(request)
    now = timezone.now()
    is_on, trial = switch.is_on(), comeback.trial(now)
    return TemplateResponse(
        request,
        "admin/campaigns/comeback.html",
        {
            **context,
            "title": _("Volver a enviar"),
            "is_on": is_on,
            "stop": switch.stopped_by_itself(),
            "trial": trial,
            "cap": trial.turn.cap if trial else switch.next_cap(),
            "before": [] if is_on else comeback.before(now),
            "journals_awaited": restores.names_awaited(),
            "braked": _braked(request),
        },
    )


def raise_cap(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """GET says what a person decides before its time; POST does it."""
    _require(request)
    trial = comeback.trial(timezone.now())
    if trial is None:
        return HttpResponseRedirect(reverse(_PAGE))

    def run(data: Mapping[str, Any]) -> str:
        switch.end_cap(trial.turn, by=current_user(request), reason=data["reason"], now=timezone.now())
        return _("Cada línea sube desde hoy, día a día, hasta su límite.")

    missing = [f"{criterion.name}: {criterion.figure}" for criterion in trial.criteria if not criterion.holds]
    return confirm_and_run(
        request,
        page=Confirmation(
            title=_("Subir el límite ahora"),
            question=_(
                "Cada línea sube día a día hasta su límite, sin esperar a que se cumplan los criterios. En la página de una "
                "línea se le da el límite completo de una vez."
            ),
            button=_("Subir el límite"),
            facts=[(_("Límite de ahora, por línea y día"), trial.turn.cap or 0)],
            sample=missing,
            sample_title=_("Todavía no se cumple"),
            tone="danger" if missing else "primary",
        ),
        run=run,
        refusals=Refused,
        form_class=ReasonForm,
        back=reverse(_PAGE),
        context=context,
    )


def _require(request: HttpRequest) -> None:
    if not request.user.has_perm("campaigns.switch_sender"):
        raise PermissionDenied


def _braked(request: HttpRequest) -> list[CampaignBrake]:
    """What stopped by itself alone, and has a way back of its own."""
    visible = Campaign.objects.visible_to(request.user)
    open_ones = CampaignBrake.objects.filter(open_for__isnull=False, campaign__in=visible)
    return list(open_ones.select_related("campaign").order_by("-id")[:_LISTED])
