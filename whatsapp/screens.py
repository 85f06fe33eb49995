"""How a session's state looks and reads on every screen."""

from __future__ import annotations

import datetime as dt

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from leadmaster.lib import screens
from leadmaster.lib.screens import Tone
from whatsapp.models import LineTest, State, WhatsAppSession

_TONE: dict[str, Tone] = {
    State.READY: "good",
    State.CONNECTING: "info",
    State.AWAITING_QR: "warn",
    State.DISCONNECTED: "bad",
}


_TEST_TONE: dict[str, Tone] = {
    LineTest.State.WAITING: "neutral",
    LineTest.State.SENDING: "info",
    LineTest.State.SENT: "good",
    LineTest.State.FAILED: "bad",
    LineTest.State.UNKNOWN: "warn",
}


def session_tone(session: WhatsAppSession, now: dt.datetime) -> Tone:
    if session.paused_at is not None:
        return "bad"
    if session.blocked_until is not None and session.blocked_until > now:
        return "warn"
    return _TONE[session.state]


def session_word(session: WhatsAppSession, now: dt.datetime) -> str:
    """The state in a word or two."""
    if session.paused_at is not None:
        return _("En pausa: espera a una persona")
    if session.state == State.READY and session.blocked_until is not None and session.blocked_until > now:
        return _("Frenada por el gateway")
    return str(session.get_state_display())


def session_badge(session: WhatsAppSession, now: dt.datetime) -> SafeString:
    return screens.badge(session_word(session, now), session_tone(session, now))


def session_dot(session: WhatsAppSession, now: dt.datetime) -> SafeString:
    """The name with its state as a dot, told in words to whoever can't see it."""
    return format_html(
        '<span class="lm-dotted" title="{0}"><i class="lm-dot lm-dot-{1}"></i>{2}<span class="lm-sr"> ({0})</span></span>',
        session_word(session, now),
        session_tone(session, now),
        session.name,
    )


def line_test_badge(test: LineTest) -> SafeString:
    return screens.badge(test.get_state_display(), _TEST_TONE[test.state])


def session_advice(session: WhatsAppSession, now: dt.datetime) -> str:
    """What is the matter and what to do about it, in a sentence or two."""
    if session.paused_at is not None:
        return _(
            "El gateway dijo algo que no se arregla esperando. Resuelve el problema y después quita la pausa: "
            "hasta entonces no se envía nada por esta sesión."
        )
    if session.blocked_until is not None and session.blocked_until > now:
        return _("El gateway pidió ir más despacio. Los envíos siguen solos %(when)s.") % {
            "when": screens.spoken(session.blocked_until, now)
        }
    if session.state == State.READY:
        if session.cold_until is not None and session.cold_until > now:
            return _(
                "WhatsApp no acepta contactos nuevos por ahora: solo salen mensajes a quienes ya recibieron alguno."
            )
        return _("Todo listo para enviar.")
    if session.state == State.AWAITING_QR:
        return _("Hay que vincular el teléfono: abre la vinculación y escanea el código.")
    if session.state == State.CONNECTING:
        return _("El gateway está abriendo la sesión. Suele tardar menos de un minuto.")
    if session.unreachable_since is not None:
        return _("El gateway no responde. Comprueba que esté encendido y que su dirección sea la correcta.")
    return _("La sesión está cerrada. Conéctala para volver a enviar; los pendientes esperan.")
