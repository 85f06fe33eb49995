"""Errors of calls that send no message: whatever goes wrong with them, nothing was sent."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from whatsapp.gateways import answers
from whatsapp.gateways.base import GatewayError, Outcome, Scope
from whatsapp.gateways.transport import Answer

# Sentences that speak of a message, said again for calls that send none.
_ASKING = {
    "TIMEOUT": _("El gateway no contestó a tiempo."),
    "CONNECTION_LOST": _("El gateway cortó la conexión sin contestar."),
    "GATEWAY_ERROR": _("El gateway falló por dentro."),
    "WHATSAPP_ERROR": _("El gateway falló por dentro."),
    "BAD_ANSWER": _("La respuesta del gateway no se entiende: ¿es otra versión, u otro programa?"),
}


def changed(error: GatewayError, *, outcome: Outcome) -> GatewayError:
    """The same error of a call that sends no message: it concerns the session, with the outcome of that call."""
    return GatewayError(
        str(_ASKING.get(error.code, error.detail)),
        outcome=outcome,
        scope=Scope.SESSION,
        code=error.code,
        retry_after=error.retry_after,
        http_status=error.http_status,
        needs_person=error.needs_person,
    )


def misunderstood(answer: Answer) -> GatewayError:
    return changed(answers.BAD_ANSWER.error(answer=answer), outcome=Outcome.NOT_SENT)
