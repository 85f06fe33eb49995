"""How bodies are read: JSON of a bounded size and depth, and whatever is wrong with one told in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from leadmaster.lib import bounded_json


class BoundedJSONParser(JSONParser):
    """JSON up to DATA_UPLOAD_MAX_MEMORY_SIZE. Raises RequestDataTooBig before any of a longer body is read, and ParseError
    for what is not JSON. `null` is a body that says nothing.
    """

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is not None and _length(parser_context) > limit:
            raise RequestDataTooBig
        encoding = str((parser_context or {}).get("encoding") or settings.DEFAULT_CHARSET)
        try:
            told: Any = bounded_json.loads(stream.read().decode(encoding), strict=True)
        except (bounded_json.TooDeepError, RecursionError):
            raise ParseError(_("El JSON tiene demasiados niveles, uno dentro de otro.")) from None
        except (ValueError, LookupError) as error:  # an encoding that there isn't, or that is none of text
            raise ParseError(_("El cuerpo no es JSON: revisa comas, comillas y llaves, y que sea UTF-8.")) from error
        return {} if told is None else told


def _length(context: Mapping[str, Any] | None) -> int:
    request = (context or {}).get("request")
    given = str(request.META.get("CONTENT_LENGTH") or "0") if request is not None else "0"
    return int(given) if given.isdecimal() else 0
