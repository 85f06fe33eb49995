"""How a session's state looks and reads on every screen."""

from __future__ import annotations

import datetime as dt

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadmaster.lib import screens
from leadmaster.lib.screens import Tone
from whatsapp import warm_up
from whatsapp.models import LineTest, WhatsAppSession
from whatsapp.standing import (
    CLIENT_OUTDATED,
    CREDENTIALS_UNREADABLE,
    QR_EXPIRED,
    REPLACED,
    REQUESTED,
    WRONG_ACCOUNT,
    Standing,
    needs_pairing,
    standing,
    word,
)

_TONE: dict[Standing, Tone] = {
    Standing.READY: "good",
    Standing.BLOCKED: "warn",
    Standing.DEAF: "bad",
    Standing.MUTE: "bad",
    Standing.CONNECTING: "info",
    Standing.RESTING: "neutral",
    Standing.UNPAIRED: "warn",
    Standing.AWAITING_QR: "warn",
    Standing.DISCONNECTED: "bad",
    Standing.UNREACHABLE: "bad",
    Standing.LOGGED_OUT: "bad",
    Standing.PAUSED: "bad",
}


_TEST_TONE: dict[str, Tone] = {
    LineTest.State.WAITING: "neutral",
    LineTest.State.SENDING: "info",
    LineTest.State.SENT: "good",
    LineTest.State.FAILED: "bad",
    LineTest.State.UNKNOWN: "warn",
}


_STEPS = 4


def session_tone(session: WhatsAppSession, now: dt.datetime) -> Tone:
    return _TONE[standing(session, now)]


def session_word(session: WhatsAppSession, now: dt.datetime) -> str:
    """The state in a word or two."""
    return word(session, now)


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
    where = standing(session, now)
    if where is Standing.BLOCKED and session.blocked_until is not None:
        return _("El gateway pidió ir más despacio. Los envíos siguen solos %(when)s.") % {
            "when": screens.spoken(session.blocked_until, now)
        }
    if where is Standing.READY and session.cold_until is not None and session.cold_until > now:
        return _(
            "WhatsApp rechazó contactos nuevos: solo salen mensajes a quienes ya recibieron alguno. Los demás siguen "
            "%(when)s."
        ) % {"when": screens.spoken(session.cold_until, now)}
    if where is Standing.LOGGED_OUT and session.trouble_code == WRONG_ACCOUNT:
        return _("No sale nada por ella hasta que se vincule su teléfono; después sigue sola.")
    if where is Standing.DISCONNECTED:
        waits = _("Los pendientes esperan.") if next_try(session, now) else _ADVICE[where]
        return f"{_why_closed(session, now)} {waits}"
    return str(_ADVICE[where])


def _why_closed(session: WhatsAppSession, now: dt.datetime) -> str:
    """The last cause, in words."""
    if session.closed_at is not None:
        return _("La desconectó una persona %(when)s.") % {"when": screens.spoken(session.closed_at, now)}
    return str(_CAUSES.get(session.closed_reason, _("Se cortó la conexión.")))


def next_try(session: WhatsAppSession, now: dt.datetime) -> str:
    """When it is dialled next by itself, or nothing when that is a person's to do."""
    if standing(session, now) is not Standing.DISCONNECTED or session.closed_at is not None or needs_pairing(session):
        return ""
    if session.reconnect_at is None:
        return ""
    tries = ngettext("van %(n)d intento", "van %(n)d intentos", session.reconnect_tries) % {
        "n": session.reconnect_tries
    }
    when = screens.spoken(max(session.reconnect_at, now), now)
    return f"{when} ({tries})" if session.reconnect_tries else when


_CAUSES: dict[str, Promise] = {
    QR_EXPIRED: gettext_lazy("Nadie escaneó el código a tiempo."),
    REQUESTED: gettext_lazy("La cerraron desde el gateway."),
    REPLACED: gettext_lazy("Otro programa usa la misma vinculación: apágalo y después conéctala."),
    WRONG_ACCOUNT: gettext_lazy("Se vinculó un teléfono de otro número y el gateway lo soltó: vincula el de la línea."),
    "NETWORK": gettext_lazy("Se cortó la red del gateway o del teléfono."),
    "IDLE": gettext_lazy("El gateway la cerró porque nadie la usaba; el teléfono sigue vinculado."),
    CLIENT_OUTDATED: gettext_lazy("WhatsApp ya no acepta la versión del gateway: hay que actualizarlo."),
    CREDENTIALS_UNREADABLE: gettext_lazy(
        "El gateway no puede abrir las credenciales de esta línea: revisa su clave de cifrado."
    ),
}


def deaf_start(session: WhatsAppSession, now: dt.datetime) -> str:
    """Since when it is held for silence, or nothing when it isn't."""
    return "" if session.deaf_since is None else screens.spoken(session.deaf_since, now)


def limit_today(session: WhatsAppSession) -> int:
    return warm_up.limit(session)


def warm_up_steps(session: WhatsAppSession) -> str:
    """What it may send today and on the days that follow if they go well, or nothing when it has its own limit."""
    if not warm_up.is_on(session):
        return ""
    steps = list(dict.fromkeys(warm_up.limit(session, ahead=ahead) for ahead in range(_STEPS + 1)))
    return ", ".join(str(step) for step in steps[:_STEPS]) + ("…" if len(steps) > _STEPS else "")


def cold_end(session: WhatsAppSession, now: dt.datetime) -> str:
    """Until when first contacts wait, or nothing when they don't."""
    if session.cold_until is None or session.cold_until <= now:
        return ""
    return screens.spoken(session.cold_until, now)


_ADVICE: dict[Standing, Promise] = {
    Standing.READY: gettext_lazy("Todo listo para enviar."),
    Standing.BLOCKED: gettext_lazy("El gateway pidió ir más despacio."),
    Standing.DEAF: gettext_lazy(
        "Dice que está conectada, y nada de lo último que envió llegó al servidor. No envía más: se escribe a sí misma "
        "cada media hora y sigue sola cuando llegue un acuse. Si no vuelve, desconéctala y conéctala."
    ),
    Standing.MUTE: gettext_lazy(
        "El gateway dice que está conectada y no envía por ella. Se prueba de nuevo cada tanto; si sigue así, "
        "desconéctala y conéctala."
    ),
    Standing.CONNECTING: gettext_lazy("El gateway está abriendo la sesión. Suele tardar menos de un minuto."),
    Standing.UNPAIRED: gettext_lazy("Nadie vinculó esta línea todavía: conéctala y escanea el código con su teléfono."),
    Standing.AWAITING_QR: gettext_lazy("Hay que vincular el teléfono: abre la vinculación y escanea el código."),
    Standing.DISCONNECTED: gettext_lazy(
        "La sesión está cerrada. Conéctala para volver a enviar; los pendientes esperan."
    ),
    Standing.RESTING: gettext_lazy(
        "Nadie la usaba: descansa, y se conecta sola antes de que se abra la ventana de una campaña o cuando toque "
        "atender a alguien."
    ),
    Standing.UNREACHABLE: gettext_lazy(
        "El gateway no responde. Comprueba que esté encendido y que su dirección sea la correcta."
    ),
    Standing.LOGGED_OUT: gettext_lazy(
        "WhatsApp cerró la sesión: vincula el número otra vez. Los pendientes esperan, y siguen solos después."
    ),
    Standing.PAUSED: gettext_lazy(
        "El gateway dijo algo que no se arregla esperando. Resuelve el problema y después quita la pausa: "
        "hasta entonces no se envía nada por esta sesión."
    ),
}
