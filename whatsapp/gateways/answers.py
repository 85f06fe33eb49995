"""What the session manager's answer means: the one table from HTTP to outcome and scope.

"Refused" and "not sent" need proof: the gateway's own error shape, or that no byte of the request left. Any other
answer to a message is UNKNOWN, whatever its status, because it may come from something in between after the message
was passed on: a wrong "not sent" sends twice and a wrong "unknown" only asks a person.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.utils
import re
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leadmaster.lib import bounded_json
from whatsapp.gateways.base import GatewayError, Outcome, Scope
from whatsapp.gateways.transport import Answer, Failure, TransportError

MAX_RETRY_AFTER = 24 * 3600.0
FIRST_CONTACT_REFUSED = 463

_CODE = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
# Digits in a row may be a phone number; a code goes into logs and reports.
_SAFE_CODE = re.compile(r"(?!.*\d{5})[A-Z][A-Z0-9_]{1,39}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Meaning:
    """One row of the table."""

    outcome: Outcome
    scope: Scope
    code: str
    detail: str | Promise
    needs_person: bool = False

    def error(self, *, code: str = "", answer: Answer | None = None, told: str = "") -> GatewayError:
        """`told` is the vendor's own number, for whoever looks it up."""
        return GatewayError(
            f"{self.detail} ({told})" if told else str(self.detail),
            outcome=self.outcome,
            scope=self.scope,
            code=code or self.code,
            needs_person=self.needs_person,
            http_status=answer.status if answer else None,
            retry_after=retry_after(answer.headers) if answer else None,
        )


def _refused(code: str, detail: str | Promise) -> Meaning:
    return Meaning(outcome=Outcome.REFUSED, scope=Scope.MESSAGE, code=code, detail=detail)


def _held(code: str, detail: str | Promise, *, needs_person: bool = False) -> Meaning:
    """Not sent, and every message of the session would meet the same."""
    return Meaning(outcome=Outcome.NOT_SENT, scope=Scope.SESSION, code=code, detail=detail, needs_person=needs_person)


def _unknown(code: str, detail: str | Promise) -> Meaning:
    return Meaning(outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE, code=code, detail=detail)


VALIDATION = _refused("VALIDATION", _("El gateway rechazó el mensaje por sus datos."))
NOT_ON_WHATSAPP = _refused("NOT_ON_WHATSAPP", _("El número no tiene WhatsApp."))
COLD = Meaning(
    outcome=Outcome.REFUSED,
    scope=Scope.COLD,
    code="FIRST_CONTACT_REFUSED",
    detail=_("WhatsApp no deja que esta línea escriba a contactos nuevos por ahora (463)."),
)
NOT_READY = _held("SESSION_NOT_READY", _("La sesión de WhatsApp no está lista para enviar."))
UNKNOWN_SESSION = _held("UNKNOWN_SESSION", _("El gateway no conoce ninguna sesión con este cliente_id."))
RATE_LIMITED = _held("RATE_LIMITED", _("El gateway pide esperar antes de enviar más mensajes."))
NOT_AUTHORISED = _held("NOT_AUTHORISED", _("El gateway no aceptó el token de acceso."), needs_person=True)
LOGGED_OUT = _held("LOGGED_OUT", _("WhatsApp cerró la sesión: hay que vincular el número otra vez."), needs_person=True)
BANNED = _held("BANNED", _("WhatsApp bloqueó el número de esta sesión."), needs_person=True)
WRONG_PATH = _held(
    "WRONG_PATH",
    _("En la dirección del gateway contesta otro programa, o la ruta está mal: revisa el puerto y la ruta."),
)
WHATSAPP_ERROR = Meaning(
    outcome=Outcome.NOT_SENT,
    scope=Scope.MESSAGE,
    code="WHATSAPP_ERROR",
    detail=_("El gateway avisó que WhatsApp no aceptó el mensaje; se puede intentar otra vez."),
)
FOREIGN_REFUSAL = Meaning(
    outcome=Outcome.NOT_SENT,
    scope=Scope.MESSAGE,
    code="BAD_ANSWER",
    detail=_("Algo rechazó el pedido, pero no con la forma de error del gateway."),
)
# What the official API says, and vendors whose numbers mean the same.
NO_PERMISSION = _held(
    "NO_PERMISSION", _("El token no tiene permiso para enviar por este número: revísalo en Meta."), needs_person=True
)
QUALITY = _held(
    "QUALITY", _("Meta frenó esta línea por su calidad: muchas personas la bloquearon o reportaron."), needs_person=True
)
ACCOUNT = _held(
    "ACCOUNT", _("Meta bloqueó la cuenta o le falta un medio de pago: resuélvelo en Meta Business."), needs_person=True
)
SERVICE = Meaning(
    outcome=Outcome.NOT_SENT,
    scope=Scope.MESSAGE,
    code="VENDOR_SERVICE",
    detail=_("El servicio falló un momento y dice que el mensaje no salió; se puede intentar otra vez."),
)
PAIR_RATE = Meaning(
    outcome=Outcome.NOT_SENT,
    scope=Scope.MESSAGE,
    code="PAIR_RATE",
    detail=_("A esta persona se le escribió demasiado seguido: se intenta más tarde."),
)
PERSON_LIMIT = _refused("PERSON_LIMIT", _("WhatsApp no le entrega más mensajes de marketing a esta persona por ahora."))
UNDELIVERABLE = _refused("UNDELIVERABLE", _("WhatsApp no puede entregarle mensajes a esta persona."))
STOPPED_MARKETING = _refused("STOPPED_MARKETING", _("La persona detuvo los mensajes de marketing en su WhatsApp."))
NEEDS_TEMPLATE = _refused(
    "NEEDS_TEMPLATE",
    _("Pasaron más de 24 horas desde su último mensaje: hace falta una plantilla aprobada."),
)
TEMPLATE = Meaning(
    outcome=Outcome.NOT_SENT,
    scope=Scope.CAMPAIGN,
    code="TEMPLATE",
    detail=_("Meta no acepta la plantilla de esta campaña: no existe, está en pausa o sus datos no coinciden."),
)
NO_LOOKUP = _unknown("NO_LOOKUP", _("El gateway no dice qué fue de un mensaje por nuestro id: lo dicen sus avisos."))
REFUSED_BY_VENDOR = _refused("VENDOR_REFUSED", _("El servicio rechazó el mensaje con un código que no conocemos."))

GATEWAY_ERROR = _unknown("GATEWAY_ERROR", _("El gateway falló sin decir si el mensaje salió."))
BAD_ANSWER = _unknown("BAD_ANSWER", _("La respuesta del gateway no se entiende: no se sabe si el mensaje salió."))
NO_MESSAGE_ID = _unknown("NO_MESSAGE_ID", _("El gateway dijo que sí, pero sin dar el identificador del mensaje."))
TIMEOUT = _unknown("TIMEOUT", _("El gateway no contestó a tiempo: no se sabe si el mensaje salió."))
CONNECTION_LOST = _unknown("CONNECTION_LOST", _("La conexión se cortó después de enviar el pedido al gateway."))

NO_ANSWER: dict[Failure, Meaning] = {
    Failure.NAME: _held("UNREACHABLE", _("No existe ningún equipo con el nombre que tiene la dirección del gateway.")),
    Failure.CONNECT: _held("UNREACHABLE", _("Nadie contesta en la dirección y el puerto del gateway.")),
    Failure.TLS: _held("UNREACHABLE", _("No se pudo abrir la conexión segura (TLS) con el gateway.")),
    Failure.ADDRESS: _held("UNREACHABLE", _("La dirección o los datos de acceso del gateway están mal escritos.")),
}

# The gateway's own words, in its error shape. They count with a 4xx or a 500; a 502, 503 or 504 may come from
# something in between that repeats a body, and stays unknown.
BY_CODE: dict[str, Meaning] = {
    "VALIDATION": VALIDATION,
    "NOT_ON_WHATSAPP": NOT_ON_WHATSAPP,
    "FIRST_CONTACT_REFUSED": COLD,
    "SESSION_NOT_READY": NOT_READY,
    "UNKNOWN_SESSION": UNKNOWN_SESSION,
    "RATE_LIMITED": RATE_LIMITED,
    "NOT_AUTHORISED": NOT_AUTHORISED,
    "LOGGED_OUT": LOGGED_OUT,
    "BANNED": BANNED,
}

# The codes that speak of a line and not of a message, whoever the vendor is.
OF_THE_LINE: frozenset[str] = frozenset(
    meaning.code
    for meaning in (*BY_CODE.values(), *NO_ANSWER.values(), WRONG_PATH, NO_PERMISSION, QUALITY, ACCOUNT)
    if meaning.scope is Scope.SESSION
)

# The status with an error shape whose code we do not know.
BY_STATUS_WITH_SHAPE: dict[int, Meaning] = {
    400: VALIDATION,
    401: NOT_AUTHORISED,
    403: NOT_AUTHORISED,
    404: WRONG_PATH,
    405: WRONG_PATH,
    413: VALIDATION,
    422: VALIDATION,
    429: RATE_LIMITED,
    463: COLD,
    500: WHATSAPP_ERROR,
}

# The status alone: what is the matter with the gateway's address, and nothing about a message that was handed over.
BY_STATUS_ALONE: dict[int, Meaning] = {
    400: FOREIGN_REFUSAL,
    401: NOT_AUTHORISED,
    403: NOT_AUTHORISED,
    404: WRONG_PATH,
    405: WRONG_PATH,
    407: NOT_AUTHORISED,
    409: NOT_READY,
    410: WRONG_PATH,
    411: WRONG_PATH,
    413: FOREIGN_REFUSAL,
    415: WRONG_PATH,
    421: WRONG_PATH,
    422: FOREIGN_REFUSAL,
    426: WRONG_PATH,
    429: RATE_LIMITED,
    463: COLD,
    500: GATEWAY_ERROR,
    501: WRONG_PATH,
    502: GATEWAY_ERROR,
    503: GATEWAY_ERROR,
    504: GATEWAY_ERROR,
}


def read_refusal(answer: Answer) -> GatewayError:
    """What an answer outside 2xx means for the message that was handed over: unknown, unless the gateway itself says
    in its own shape that it did not leave."""
    meaning, code = _meaning(answer)
    if not _in_its_own_words(answer):
        meaning = in_doubt(meaning)
    return meaning.error(code=code, answer=answer)


def read_trouble(answer: Answer) -> GatewayError:
    """What an answer outside 2xx to a call that sends no message says about the gateway."""
    meaning, code = _meaning(answer)
    return meaning.error(code=code, answer=answer)


def _meaning(answer: Answer) -> tuple[Meaning, str]:
    """The row of the table, and the gateway's own code when the table doesn't know it."""
    if 300 <= answer.status < 400:
        return WRONG_PATH, ""
    body = error_body(answer)
    if body is None or not _in_its_own_words(answer):
        return BY_STATUS_ALONE.get(answer.status, BAD_ANSWER), ""
    if body.get("whatsapp_code") == FIRST_CONTACT_REFUSED:
        return COLD, ""
    if known := BY_CODE.get(body["code"]):
        return known, ""
    return BY_STATUS_WITH_SHAPE.get(answer.status, BAD_ANSWER), _safe_code(body["code"])


def _in_its_own_words(answer: Answer) -> bool:
    """Whether the gateway itself gave this answer, as far as its shape and its status can tell."""
    return (400 <= answer.status < 500 or answer.status == 500) and error_body(answer) is not None


def in_doubt(meaning: Meaning) -> Meaning:
    """The same trouble, of which nobody knows whether it came before the message or after it."""
    if meaning.outcome is Outcome.UNKNOWN:
        return meaning
    detail = _("%(trouble)s No se sabe si el mensaje salió.") % {"trouble": meaning.detail}
    return dataclasses.replace(meaning, outcome=Outcome.UNKNOWN, detail=detail)


def read_no_answer(error: TransportError) -> GatewayError:
    """What the lack of an answer means for the message: unknown as soon as one byte of it left."""
    if error.request_left:
        return (TIMEOUT if error.failure is Failure.TIMEOUT else CONNECTION_LOST).error()
    return NO_ANSWER.get(error.failure, NO_ANSWER[Failure.CONNECT]).error()


def json_object(answer: Answer) -> dict[str, Any] | None:
    """The body as a JSON object, or None for anything else."""
    try:
        value = bounded_json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def error_body(answer: Answer) -> dict[str, Any] | None:
    """The body if it has the contract's error shape, all of it: something in between may answer with half of it."""
    body = json_object(answer)
    if body is None or body.get("error") is not True or not isinstance(body.get("message"), str):
        return None
    code = body.get("code")
    return body if isinstance(code, str) and _CODE.fullmatch(code) else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a Retry-After in either of its two forms, at most a day; None when there is no sensible one.

    A date is read by the clock that wrote it, which is the answer's own `Date`; this machine's may be hours away.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        return min(float(value), MAX_RETRY_AFTER)
    until = _http_date(value)
    if until is None:
        return None
    since = _http_date(headers.get("date", "")) or dt.datetime.now(dt.UTC)
    return min(max((until - since).total_seconds(), 0.0), MAX_RETRY_AFTER)


def _http_date(value: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)


def _safe_code(code: str) -> str:
    return code if _SAFE_CODE.fullmatch(code) else ""
