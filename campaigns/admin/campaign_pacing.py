"""The page that changes how fast an approved campaign sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import pacing, pacing_form, screens
from campaigns.admin.base import require_act
from campaigns.enums import EnvioState
from campaigns.errors import Refused
from campaigns.forecast import forecast
from campaigns.models import Campaign
from campaigns.policy import Act, may
from campaigns.progress import progress
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.admin.confirm import Confirmation, confirm_and_run
from leadmaster.lib.admin.widgets import TextareaWidget, TextWidget


class PacingForm(pacing_form.PacingForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("delay_min", "delay_max", "burst_size", "burst_pause"):
            self.fields[name].widget = TextWidget({"inputmode": "numeric"})
        self.fields["reason"].widget = TextareaWidget({"rows": 3})


def change(request: HttpRequest, campaign: Campaign, context: Mapping[str, Any]) -> HttpResponse:
    require_act(request, Act.OPERATE, campaign)

    def run(data: Mapping[str, Any]) -> str:
        pacing.change(
            campaign,
            pacing_form.pacing_of(data),
            version=data["version"],
            by=current_user(request),
            reason=data["reason"],
            now=timezone.now(),
        )
        return _("“%(name)s” cambió de ritmo: %(pacing)s, desde el próximo mensaje.") % {
            "name": campaign.name,
            "pacing": screens.pacing(campaign),
        }

    return confirm_and_run(
        request,
        page=_page(request, campaign),
        run=run,
        refusals=Refused,
        form_class=PacingForm,
        initial=pacing_form.initial(campaign),
        back=reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        context=context,
    )


def _page(request: HttpRequest, campaign: Campaign) -> Confirmation:
    done = progress(campaign)
    question = _("Cuenta desde el próximo mensaje; el que va en camino conserva su pausa.")
    if not may(request.user, Act.APPROVE, campaign):
        question += " " + _("Puedes hacerlo más lento; más rápido lo decide quien aprueba.")
    return Confirmation(
        title=_("Cambiar ritmo · %(name)s") % {"name": campaign.name},
        question=question,
        button=_("Guardar ritmo"),
        facts=[
            (_("Mensajes pendientes"), done.counts[EnvioState.PENDING]),
            (_("Ritmo de ahora"), screens.pacing(campaign)),
            (_("Previsión con este ritmo"), forecast(campaign, timezone.now(), done=done).sentence),
        ],
    )
