"""Pairing on screen: the code, how long it lasts, and the next one by itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from whatsapp import sessions
from whatsapp.gateways.base import GatewayError
from whatsapp.line_tests import last_test
from whatsapp.models import State, WhatsAppSession

RISK: Promise = _(
    "Los gateways no oficiales pueden hacer que WhatsApp bloquee el número. Usa una línea que puedas perder, "
    "empieza con pocos mensajes por día y escribe solo a quien espera noticias tuyas."
)

OFFICIAL: Promise = _(
    "Es la API oficial de WhatsApp: no pone en riesgo el número. Escribe primero solo con plantillas aprobadas; a quien "
    "te escribió en las últimas 24 horas, con texto libre."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Code:
    """A code drawn for the screen. `seconds` is how long it lasts from now."""

    svg: SafeString
    expires_at: dt.datetime
    seconds: int


def page(request: HttpRequest, session: WhatsAppSession, context: dict[str, Any]) -> HttpResponse:
    """The page around the code. The code comes by itself, so the page does not wait for the gateway."""
    title = _("Vincular · %(name)s") % {"name": session.name}
    return TemplateResponse(
        request,
        "admin/whatsapp/whatsappsession/pair.html",
        {**context, "title": title, "session": session, "risk": RISK},
    )


def code(request: HttpRequest, session: WhatsAppSession) -> HttpResponse:
    """The code of this moment, asked of the gateway; a paired session says so, and then nothing is asked any more."""
    now = timezone.now()
    session = sessions.refresh(session, now)
    found, trouble = None, ""
    if session.state != State.READY:
        try:
            pairing_code = sessions.pairing_code(session)
        except GatewayError as error:
            trouble = error.detail
        else:
            found = draw(pairing_code.qr, pairing_code.expires_at, now) if pairing_code else None
    return TemplateResponse(
        request,
        "admin/whatsapp/whatsappsession/code.html",
        {
            "session": session,
            "code": found,
            "trouble": trouble or session.trouble,
            "paired": session.state == State.READY,
        },
    )


def panel(request: HttpRequest, session: WhatsAppSession, *, may_pair: bool, may_lift: bool) -> HttpResponse:
    context = {"session": session, "may_pair": may_pair, "may_lift": may_lift, "test": last_test(session)}
    return TemplateResponse(request, "admin/whatsapp/whatsappsession/panel.html", context)


def draw(qr: str, expires_at: dt.datetime, now: dt.datetime) -> Code:
    """The code as SVG: black on white in any theme, because phones read nothing else."""
    image = segno.make(qr, error="l", micro=False)
    svg = image.svg_inline(
        scale=6, border=3, dark="#000", light="#fff", svgclass="lm-qr", lineclass=None, omitsize=True
    )
    return Code(
        svg=mark_safe(svg),  # noqa: S308 - drawn here, from modules and not from text
        expires_at=expires_at,
        seconds=max(0, int((expires_at - now).total_seconds())),
    )
