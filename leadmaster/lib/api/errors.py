"""The one shape in which the API says no.

    {"error": {"code": "wrong_state", "message": "La campaña ya está pausada…", "fields": {}}}

`code` is stable and for programs, `message` is a sentence for people that says what to do, `fields` names what is
wrong with each field of the request (`windows.0.opens`).
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

logger = logging.getLogger(__name__)

Fields = dict[str, list[str]]
# So many fields a sentence names, and so many an answer tells about: a thousand wrong ids are one mistake.
_MOST_NAMES = 8
_MOST_FIELDS = 100


class Refusal(NamedTuple):
    """How a refusal of the domain is told: HTTP status and code."""

    status: int
    code: str


def body(code: str, message: str, fields: Fields | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "fields": fields or {}}}


def respond(exc: Exception, context: Mapping[str, Any], *, refusals: Mapping[type[Exception], Refusal]) -> Response:
    """Turn any exception of a view into an answer in the shape. `refusals` says how the domain's own are told.

    What nobody foresaw is logged with its traceback and told without a word of it.
    """
    set_rollback()
    for kind in type(exc).__mro__:
        if kind in refusals:
            status, code = refusals[kind]
            return Response(
                body(code, str(exc)), status=status, headers=_retry_after(getattr(exc, "retry_after", None))
            )
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, RequestDataTooBig):
        return Response(body("too_large", _("La solicitud es demasiado grande: pártela en varias.")), status=413)
    elif isinstance(exc, SuspiciousOperation):
        # Thousands of form fields, and other bodies that nobody writes by mistake.
        exc = exceptions.ParseError(_("La solicitud no se entiende: revisa cómo está armada."))
    if isinstance(exc, exceptions.APIException):
        return _from_api_exception(exc)
    logger.error("unhandled exception in the API", exc_info=exc)
    got_request_exception.send(sender=type(context["view"]), request=context["request"]._request)
    return Response(body("internal_error", internal_error_sentence()), status=500)


def not_found() -> JsonResponse:
    """The answer for an address of the API that does not exist."""
    return JsonResponse(body("not_found", _("No existe esa dirección de la API. Revisa /api/docs/.")), status=404)


def internal_error_sentence() -> str:
    return _(
        "Algo falló de nuestro lado y quedó registrado. Espera un momento, comprueba si se hizo y vuelve a probar."
    )


def _from_api_exception(exc: exceptions.APIException) -> Response:
    headers = _retry_after(getattr(exc, "wait", None))
    if (challenge := getattr(exc, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    if isinstance(exc, exceptions.ValidationError):
        fields = flatten(exc.detail)
        some = dict(itertools.islice(fields.items(), _MOST_FIELDS))
        return Response(body("invalid", _invalid_sentence(fields), some), status=exc.status_code)
    code, message = _told(exc)
    return Response(body(code, message), status=exc.status_code, headers=headers)


def _told(exc: exceptions.APIException) -> tuple[str, str]:
    """Code and sentence. The framework's own sentences say what is wrong; these say what to do."""
    code = getattr(exc, "default_code", "error")
    match exc:
        case exceptions.NotAuthenticated():
            return code, _("Inicia sesión, o manda tu token en el encabezado Authorization: Token ….")
        case exceptions.AuthenticationFailed():
            return code, _("Ese token no sirve o la persona está inactiva. Pide uno nuevo en /api/v1/token/.")
        case exceptions.PermissionDenied() if "CSRF" in str(exc.detail):
            return "csrf_failed", _("Falta el token CSRF de tu sesión: actualiza la página y vuelve a probar.")
        case exceptions.PermissionDenied():
            return code, _("No tienes permiso para hacer esto.")
        case exceptions.NotFound():
            return code, _("No existe, o no está entre lo que puedes ver.")
        case exceptions.Throttled():
            return code, _wait_sentence(getattr(exc, "wait", None))
        case _:
            return code, str(exc.detail)


def _wait_sentence(wait: float | None) -> str:
    if wait is None:
        return _("Son demasiadas solicitudes seguidas. Espera un momento y vuelve a probar.")
    seconds = max(1, math.ceil(wait))
    return ngettext(
        "Son demasiadas solicitudes seguidas. Vuelve a probar en %(seconds)d segundo.",
        "Son demasiadas solicitudes seguidas. Vuelve a probar en %(seconds)d segundos.",
        seconds,
    ) % {"seconds": seconds}


def _invalid_sentence(fields: Fields) -> str:
    if set(fields) == {GENERAL}:
        return " ".join(fields[GENERAL])
    names = [name for name in fields if name != GENERAL]
    told = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        return _("Revisa estos datos: %(fields)s y %(rest)d más.") % {"fields": told, "rest": len(names) - _MOST_NAMES}
    return _("Revisa estos datos: %(fields)s.") % {"fields": told}


def _retry_after(wait: float | None) -> dict[str, str]:
    return {} if wait is None else {"Retry-After": str(max(1, math.ceil(wait)))}


# What concerns the request as a whole.
GENERAL = "general"


def flatten(detail: Any, *, path: str = "") -> Fields:
    """Nested error details as one level: `{"windows": [{}, {"opens": [e]}]}` becomes `{"windows.1.opens": [e]}`."""
    if isinstance(detail, dict):
        pairs = [("" if key == "non_field_errors" else str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        pairs = [(str(index), value) for index, value in enumerate(detail)]
    else:
        return {path or GENERAL: [str(item) for item in (detail if isinstance(detail, list) else [detail])]}
    fields: Fields = {}
    for name, value in pairs:
        for key, messages in flatten(value, path=".".join(filter(None, (path, name)))).items():
            fields.setdefault(key, []).extend(messages)
    return fields
