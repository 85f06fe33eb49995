"""Asks an endpoint that speaks OpenAI's chat completions for other ways of saying a text.

The settings decide which: AI_BASE_URL (`https://host/v1`), AI_API_KEY and AI_MODEL. What it answers is untrusted text:
bounded before it is read, and never more than proposals that a person looks over.
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final

import requests
from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.errors import Refused

logger = logging.getLogger(__name__)

# Seconds to connect, and between two pieces of the answer.
_TIMEOUT: Final = (5, 40)
_LARGEST: Final = 256 * 1024
_TASK: Final = (
    "Reescribe el mensaje de WhatsApp del usuario de %(count)d maneras distintas, en su mismo idioma, trato y tono, con "
    "largo parecido. No cambies ni agregues nombres, montos, fechas, teléfonos, enlaces ni lo que está entre llaves: "
    "cópialo tal cual, cada cosa las mismas veces. No uses corchetes ni barras. Responde solo con una lista JSON de "
    "%(count)d textos."
)


class ProviderError(Refused):
    """The endpoint gave no usable answer. The sentence says what to do, and repeats nothing of the answer."""


def configured() -> bool:
    return bool(settings.AI_BASE_URL)


def rewrite(text: str, *, count: int) -> list[str]:
    """Up to `count` texts as the model wrote them. Raises ProviderError. Holds no transaction: it may take a minute."""
    if not configured():
        raise ProviderError(_("No hay un servicio de IA configurado. Pide al administrador que escriba AI_BASE_URL."))
    body = {
        "model": settings.AI_MODEL,
        "messages": [
            {"role": "system", "content": _TASK % {"count": count}},
            {"role": "user", "content": text},
        ],
    }
    return _texts(_content(_ask(body)))[:count]


def _ask(body: dict[str, Any]) -> bytes:
    headers = {"Authorization": f"Bearer {settings.AI_API_KEY}"} if settings.AI_API_KEY else {}
    address = f"{settings.AI_BASE_URL.rstrip('/')}/chat/completions"
    try:
        with requests.post(
            address, json=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False, stream=True
        ) as response:
            if response.status_code != requests.codes.ok:
                raise ProviderError(_refusal(response.status_code))
            content = response.raw.read(_LARGEST + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        logger.warning("the AI endpoint did not answer: %s", type(error).__name__)
        raise ProviderError(_("El servicio de IA no responde. Prueba de nuevo en un momento.")) from error
    if len(content) > _LARGEST:
        raise ProviderError(_("El servicio de IA respondió demasiado. Prueba con menos variantes."))
    return bytes(content)


def _refusal(status: int) -> str:
    logger.warning("the AI endpoint refused: HTTP %d", status)
    if status in (401, 403):
        return _("El servicio de IA no acepta la clave. Pide al administrador que revise AI_API_KEY.")
    if status in (400, 404, 422):
        return _(
            "El servicio de IA no conoce el modelo o la dirección. Pide al administrador que revise AI_MODEL y AI_BASE_URL."
        )
    if status == requests.codes.too_many_requests:
        return _("El servicio de IA pide esperar: llegaste a su límite. Prueba de nuevo en unos minutos.")
    return _("El servicio de IA falló (HTTP %(status)d). Prueba de nuevo en un momento.") % {"status": status}


def _content(answer: bytes) -> str:
    try:
        content = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise ProviderError(_unreadable()) from error
    if not isinstance(content, str):
        raise ProviderError(_unreadable())
    return content


def _texts(content: str) -> list[str]:
    """The list in it: models put words or a fence around what they were asked for alone."""
    start, end = content.find("["), content.rfind("]")
    try:
        found = json.loads(content[start : end + 1]) if 0 <= start < end else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not found or not all(isinstance(text, str) for text in found):
        raise ProviderError(_unreadable())
    return [text.strip() for text in found]


def _unreadable() -> str:
    return _("El servicio de IA respondió algo que no se entiende. Prueba de nuevo, o revisa AI_MODEL.")
