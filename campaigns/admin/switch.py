"""The kill switch: one big button, with its reason and its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import restores, switch
from campaigns.admin import comeback
from campaigns.errors import Refused
from campaigns.models import Campaign, Envio, SenderSwitch
from leadmaster.accounts.current_user import current_user
from leadmaster.lib import screens
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, moment


@admin.register(SenderSwitch)
class SenderSwitchAdmin(ReadOnlyAdmin[SenderSwitch]):
    list_display = ("position", "when", "by", "reason")
    list_select_related = ("by",)
    ordering = ("-id",)
    list_before_template = "admin/campaigns/senderswitch/panel.html"
    when = moment("at", gettext_lazy("cuándo"))

    def get_urls(self) -> list[URLPattern]:
        turn = self.admin_site.admin_view(self.turn_view)
        back, raised = self.admin_site.admin_view(self.comeback_view), self.admin_site.admin_view(self.raise_view)
        return [
            path("turn/<str:to>/", turn, name="campaigns_senderswitch_turn"),
            path("comeback/", back, name="campaigns_senderswitch_comeback"),
            path("comeback/raise/", raised, name="campaigns_senderswitch_raise"),
            *super().get_urls(),
        ]

    def comeback_view(self, request: HttpRequest) -> HttpResponse:
        return comeback.show(request, self.admin_site.each_context(request))

    def raise_view(self, request: HttpRequest) -> HttpResponse:
        return comeback.raise_cap(request, self.admin_site.each_context(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            "switch_on": switch.is_on(),
            "environment_on": settings.AUTO_CAMPAIGNS_ENABLED,
            "journals_awaited": restores.names_awaited(),
            "comes_back": switch.stopped_by_itself() is not None or switch.capped() is not None,
            "may_turn": request.user.has_perm("campaigns.switch_sender"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    @display(description=gettext_lazy("posición"))
    def position(self, row: SenderSwitch) -> SafeString:
        return screens.badge(_("Encendido"), "good") if row.on else screens.badge(_("Apagado"), "bad")

    def turn_view(self, request: HttpRequest, to: str) -> HttpResponse:
        """GET says what stops or starts; POST turns the switch."""
        if not request.user.has_perm("campaigns.switch_sender") or to not in {"on", "off"}:
            raise PermissionDenied
        on = to == "on"

        def run(data: Mapping[str, Any]) -> str:
            switch.turn(on=on, by=current_user(request), reason=data["reason"], now=timezone.now())
            return _("Los envíos automáticos están encendidos.") if on else _("Los envíos automáticos están apagados.")

        return confirm_and_run(
            request,
            page=_page(on=on),
            run=run,
            refusals=Refused,
            form_class=ReasonForm,
            back=reverse("admin:campaigns_senderswitch_changelist"),
            context={**self.admin_site.each_context(request), "opts": self.opts},
        )


def _page(*, on: bool) -> Confirmation:
    running = list(Campaign.objects.running().order_by("name").values_list("name", flat=True)[:6])
    facts = [(_("Campañas en marcha"), Campaign.objects.running().count())]
    if on:
        cap = switch.next_cap()
        facts += [] if cap is None else [(_("Al empezar, por línea y día"), cap)]
        return Confirmation(
            title=_("Encender los envíos"),
            question=_("Las campañas en marcha vuelven a enviar en el próximo minuto, dentro de sus ventanas y cupos."),
            button=_("Encender los envíos"),
            facts=facts,
            sample=running,
            sample_title=_("Vuelven a enviar"),
        )
    in_flight = Envio.objects.filter(lane__isnull=False).count()
    return Confirmation(
        title=_("Apagar los envíos"),
        question=_("Ninguna campaña de ningún equipo envía hasta que alguien vuelva a encenderlos. Nada se pierde."),
        button=_("Apagar todos los envíos"),
        facts=[*facts, (_("Mensajes en camino, que todavía terminan"), in_flight)],
        sample=running,
        sample_title=_("Dejan de enviar"),
        tone="danger",
    )
