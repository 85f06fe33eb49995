"""Messages: strictly read-only, but for saying that one was sent by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import decisions
from campaigns.admin.base import require_act
from campaigns.admin.message import MessageAdmin
from campaigns.errors import Refused
from campaigns.models import Envio
from campaigns.policy import Act
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.phones import parsing


@admin.register(Envio)
class EnvioAdmin(MessageAdmin):
    def get_urls(self) -> list[URLPattern]:
        by_hand = self.admin_site.admin_view(self.by_hand_view)
        return [path("<int:pk>/by-hand/", by_hand, name="campaigns_envio_by_hand"), *super().get_urls()]

    def by_hand_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Somebody wrote to the person themselves: it will not go out."""
        envio = self.find(request, str(pk))
        if envio.campaign is None:
            raise Http404  # a reply is its conversation's
        require_act(request, Act.DECIDE, envio.campaign)

        def run(data: Mapping[str, Any]) -> str:
            decisions.mark_by_hand(envio, by=current_user(request), reason=data["reason"], now=timezone.now())
            return _("Quedó como enviado a mano: no saldrá.")

        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Marcar como enviado a mano"),
                question=_("Este mensaje ya no saldrá. Queda escrito quién lo dijo y por qué."),
                button=_("Marcar como enviado a mano"),
                facts=[
                    (_("Destinatario"), f"{envio.name} · {parsing.pretty(envio.phone)}"),
                    (_("Estado"), envio.get_state_display()),
                ],
                sample=[envio.text],
                sample_title=_("El mensaje"),
            ),
            run=run,
            refusals=Refused,
            form_class=ReasonForm,
            back=reverse("admin:campaigns_envio_change", args=[envio.pk]),
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": envio},
        )
