"""Linking a phone on the desk: the page around the parts of `link_screens`, and the panel of a line."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from whatsapp import linking
from whatsapp.line_tests import last_test
from whatsapp.link_screens import RISK, Places
from whatsapp.models import WhatsAppSession

__all__ = ["RISK", "page", "panel", "places"]

OFFICIAL: Promise = _(
    "Es la API oficial de WhatsApp: no pone en riesgo el número. Escribe primero solo con plantillas aprobadas; a quien "
    "te escribió en las últimas 24 horas, con texto libre."
)


def places(session: WhatsAppSession) -> Places:
    def at(name: str) -> str:
        return reverse(f"admin:whatsapp_whatsappsession_{name}", args=[session.pk])

    return Places(code=at("code"), typed=at("typed"), connect=at("connect"), back=at("change"))


def page(request: HttpRequest, session: WhatsAppSession, context: dict[str, Any]) -> HttpResponse:
    """The page around the code. The code comes by itself, so the page does not wait for the gateway."""
    title = _("Vincular · %(name)s") % {"name": session.name}
    shown = {"title": title, "session": session, "risk": RISK, "places": places(session)}
    return TemplateResponse(
        request,
        "admin/whatsapp/whatsappsession/pair.html",
        {**context, **shown, "can_type": linking.can_type(session)},
    )


def panel(request: HttpRequest, session: WhatsAppSession, *, may_pair: bool, may_lift: bool) -> HttpResponse:
    context = {"session": session, "may_pair": may_pair, "may_lift": may_lift, "test": last_test(session)}
    return TemplateResponse(request, "admin/whatsapp/whatsappsession/panel.html", context)
