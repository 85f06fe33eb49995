"""The parts of a page that link a phone, drawn once for the admin and for "Mi WhatsApp"."""

from __future__ import annotations

import dataclasses
import datetime as dt

import segno
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.current_user import current_user
from whatsapp import linking, sessions
from whatsapp.gateways.base import GatewayError
from whatsapp.linking import LinkingRefused
from whatsapp.models import WhatsAppSession

RISK: Promise = _(
    "Los gateways no oficiales pueden hacer que WhatsApp bloquee el número. Usa una línea que puedas perder, "
    "empieza con pocos mensajes por día y escribe solo a quien espera noticias tuyas."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Places:
    """Where a door's own pages are."""

    code: str  # the moving part, by GET
    typed: str  # a code to type, by POST
    connect: str  # by POST
    back: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Code:
    """A code drawn for the screen. `seconds` is how long it lasts from now."""

    svg: SafeString
    expires_at: dt.datetime
    seconds: int


def code(request: HttpRequest, session: WhatsAppSession, places: Places) -> HttpResponse:
    """The code of this moment; a linked session says so, and then nothing is asked any more."""
    now = timezone.now()
    found = linking.look(session, now)
    drawn = draw(found.code.qr, found.code.expires_at, now) if found.code else None
    context = {"session": session, "linking": found, "code": drawn, "places": places}
    return TemplateResponse(request, "whatsapp/link_code.html", context)


def typed(request: HttpRequest, session: WhatsAppSession, places: Places) -> HttpResponse:
    """The code to type on the phone, or why there is none."""
    now, found, refused = timezone.now(), None, ""
    phone = request.POST.get("phone", "")[:60]
    try:
        found = linking.typed_code(session, phone)
    except LinkingRefused as refusal:
        refused = str(refusal)
    except GatewayError as error:
        refused = error.detail
    seconds = max(0, int((found.expires_at - now).total_seconds())) if found else 0
    shown = f"{found.code[:4]}-{found.code[4:]}" if found else ""
    context = {"session": session, "typed": found, "shown": shown, "seconds": seconds, "refused": refused}
    return TemplateResponse(
        request, "whatsapp/link_typed.html", {**context, "places": places, "phone": phone, "can_type": True}
    )


def connect(request: HttpRequest, session: WhatsAppSession) -> str:
    """Open the session, as a button of the page asks. Returns why not, or nothing."""
    try:
        sessions.connect(session, timezone.now(), by=current_user(request))
    except GatewayError as error:
        return error.detail
    return ""


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
