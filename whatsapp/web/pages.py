"""Mi WhatsApp: a person's own lines on their phone. What is done to a line is done by `sessions` and `linking`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from leadmaster.accounts.current_user import current_user
from whatsapp import line_tests, link_screens, linking, sessions
from whatsapp.gateways.base import GatewayError
from whatsapp.line_tests import LineTestRefused
from whatsapp.link_screens import RISK, Places
from whatsapp.models import State, WhatsAppSession

# What fits a phone. Whoever holds more has the desk for it.
_SHOWN = 30

_may_link = permission_required("whatsapp.pair_whatsappsession", raise_exception=True)

View = Callable[[HttpRequest, int], HttpResponse]


def _acts(view: View) -> View:
    """The view acts on POST alone; who comes back with GET, from a log-in in between, finds the line's page."""

    @functools.wraps(view)
    def inner(request: HttpRequest, session_id: int) -> HttpResponse:
        return view(request, session_id) if request.method == "POST" else redirect("my-line", session_id)

    return inner


@login_required
@_may_link
@require_safe
def line_list(request: HttpRequest) -> HttpResponse:
    """Whose the lines are: one's own. Those of a team stand on the desk."""
    own = WhatsAppSession.objects.visible_to(request.user).filter(owner_id=request.user.pk)
    return render(request, "web/lines/list.html", {"lines": list(own.order_by("name", "id")[:_SHOWN])})


@login_required
@_may_link
@require_safe
def line(request: HttpRequest, session_id: int) -> HttpResponse:
    return render(request, "web/lines/line.html", _context(_mine(request, session_id)))


@login_required
@_may_link
@require_safe
def live(request: HttpRequest, session_id: int) -> HttpResponse:
    """The part of it that moves, as it was last recorded: asking the gateway is the sender's business."""
    return render(request, "web/lines/panel.html", _context(_mine(request, session_id)))


@login_required
@_may_link
@require_safe
def link(request: HttpRequest, session_id: int) -> HttpResponse:
    """The page around the code. The code comes by itself, so the page does not wait for the gateway."""
    session = _mine(request, session_id)
    context = {"session": session, "places": _places(session), "can_type": linking.can_type(session), "risk": RISK}
    return render(request, "web/lines/link.html", context)


@login_required
@_may_link
@require_safe
def code(request: HttpRequest, session_id: int) -> HttpResponse:
    session = _mine(request, session_id)
    return link_screens.code(request, session, _places(session))


@login_required
@_may_link
@_acts
def typed(request: HttpRequest, session_id: int) -> HttpResponse:
    session = _mine(request, session_id)
    return link_screens.typed(request, session, _places(session))


@login_required
@_may_link
@_acts
def connect(request: HttpRequest, session_id: int) -> HttpResponse:
    """Open it, and go on to its code unless its phone is linked already."""
    session = _mine(request, session_id)
    trouble = link_screens.connect(request, session)
    if trouble:
        messages.error(request, trouble)
        return redirect("my-line", session.pk)
    session.refresh_from_db()
    return redirect("my-line" if session.state == State.READY else "my-line-link", session.pk)


@login_required
@_may_link
@_acts
def disconnect(request: HttpRequest, session_id: int) -> HttpResponse:
    session = _mine(request, session_id)
    try:
        sessions.disconnect(session, timezone.now(), by=current_user(request))
    except GatewayError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("La línea quedó desconectada, y así se queda hasta que la conectes."))
    return redirect("my-line", session.pk)


@login_required
@_may_link
@_acts
def check(request: HttpRequest, session_id: int) -> HttpResponse:
    """Ask the gateway now; the page tells what it said."""
    session = _mine(request, session_id)
    sessions.refresh(session, timezone.now())
    return redirect("my-line", session.pk)


@login_required
@_may_link
@_acts
def test(request: HttpRequest, session_id: int) -> HttpResponse:
    """Ask for a message of the line to itself."""
    session = _mine(request, session_id)
    try:
        line_tests.ask(session, by=current_user(request), now=timezone.now())
    except LineTestRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("El mensaje de prueba sale en menos de un minuto: aquí ves qué pasó."))
    return redirect("my-line", session.pk)


def _mine(request: HttpRequest, session_id: int) -> WhatsAppSession:
    """One's own, or of a team that one supervises; any other is not found."""
    visible = WhatsAppSession.objects.visible_to(request.user).select_related("team", "owner")
    return get_object_or_404(visible, pk=session_id)


def _context(session: WhatsAppSession) -> dict[str, Any]:
    return {"session": session, "test": line_tests.last_test(session)}


def _places(session: WhatsAppSession) -> Places:
    def at(name: str) -> str:
        return reverse(name, args=[session.pk])

    return Places(code=at("my-line-code"), typed=at("my-line-typed"), connect=at("my-line-connect"), back=at("my-line"))
