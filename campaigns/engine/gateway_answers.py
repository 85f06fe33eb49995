"""What came over the wire, in the engine's words."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from whatsapp.gateways.base import GatewayError, Outcome, Scope, SendResult, SessionState, SessionStatus
from whatsapp.models import State
from whatsapp.standing import WORDS, Standing

logger = logging.getLogger(__name__)


def why_not_ready(result: object) -> GatewayError | None:
    """What keeps this message from going out, or None when the session is ready. Nothing has left yet."""
    if isinstance(result, SessionStatus):
        if result.ready:
            return None
        mute = result.state is SessionState.READY
        state = WORDS[Standing.MUTE] if mute else State(result.state.value).label
        return _not_sent(
            _("La sesión no está lista: %(state)s.") % {"state": str(state).lower()},
            code="SESSION_NOT_READY",
        )
    if isinstance(result, GatewayError):
        if result.outcome is Outcome.NOT_SENT and result.scope is Scope.SESSION:
            return result
        return _not_sent(result.detail, code=result.code, http_status=result.http_status)
    _log(result)
    return _not_sent(_("El gateway falló al preguntarle por la sesión."), code="STATUS_FAILED")


def what_became(result: object) -> SendResult | GatewayError:
    """The answer to a message. Whatever is neither of the two says nothing about it."""
    if isinstance(result, SendResult | GatewayError):
        return result
    _log(result)
    return _unknown(
        _("El gateway falló de un modo inesperado: no se sabe si el mensaje salió."), code=type(result).__name__[:64]
    )


def no_answer_to_status() -> GatewayError:
    return _not_sent(_("El gateway no contestó cómo está la sesión."), code="STATUS_TIMEOUT")


def no_answer(seconds: float) -> GatewayError:
    return _unknown(
        _("El gateway no contestó en %(seconds)d segundos: no se sabe si el mensaje salió.") % {"seconds": seconds},
        code="TIMEOUT",
    )


def no_gateway(error: Exception) -> GatewayError:
    """The session's configuration names nothing that we can speak to."""
    _log(error)
    return _not_sent(_("No se pudo abrir el gateway de esta sesión: revisa su configuración."), code="NO_GATEWAY")


def _not_sent(detail: str, *, code: str, http_status: int | None = None) -> GatewayError:
    return GatewayError(detail, outcome=Outcome.NOT_SENT, scope=Scope.SESSION, code=code, http_status=http_status)


def _unknown(detail: str, *, code: str) -> GatewayError:
    return GatewayError(detail, outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE, code=code)


def _log(result: object) -> None:
    raised = result if isinstance(result, BaseException) else None
    logger.error("gateway gave %s", type(result).__name__, exc_info=raised)
