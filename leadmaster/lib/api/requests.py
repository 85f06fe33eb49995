"""What is described is what is taken: a query or a body with names that the API's description lacks is refused."""

from __future__ import annotations

import copy
import dataclasses
import threading
from typing import TYPE_CHECKING, Any

from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from leadmaster.lib.api.serializers import unknown_names

if TYPE_CHECKING:
    Base = APIView
else:
    Base = object


@dataclasses.dataclass(frozen=True, kw_only=True)
class Described:
    """What one operation takes."""

    query: frozenset[str]
    has_body: bool


class DescribedRequests(Base):
    """Every view of the API is one. Fields of a body are its serializer's business (`KnownFields`); here are the query,
    and the bodies of operations that take none.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        handler = getattr(self, "action", None) or str(request.method).lower()
        if request.method == "OPTIONS" or not hasattr(self, handler):
            return
        described = _described(self, handler, str(request.method))
        refused = unknown_names(request.query_params, described.query)
        # Read here, before anybody reads a row: a body that comes slowly must not be older than what it changes.
        if request.method in {"POST", "PUT", "PATCH", "DELETE"} and (request.data and not described.has_body):
            names = request.data if hasattr(request.data, "keys") else ["general"]
            refused |= unknown_names(map(str, names), ())
        if refused:
            raise ValidationError(refused)


# Whoever asks the library for a description holds it: it finds its extensions at their first use, and threads that do so
# at once break each other.
describing = threading.RLock()
_known: dict[tuple[type[APIView], str, str], Described] = {}


def _described(view: APIView, handler: str, method: str) -> Described:
    """Asked of the description once for each operation and process."""
    key = (type(view), handler, method)
    if key not in _known:
        with describing:
            if key not in _known:
                _known[key] = _describe(view, handler, "GET" if method == "HEAD" else method)
    return _known[key]


def _describe(view: APIView, handler: str, method: str) -> Described:
    asked: Any = copy.copy(view)
    if (schema := getattr(getattr(view, handler), "kwargs", {}).get("schema")) is not None:
        # As the generator of the description does for methods with an `extend_schema` of their own.
        asked.schema = schema()
    operation = asked.schema.get_operation("/", "/", "", method, ComponentRegistry())
    parameters = operation.get("parameters", [])
    return Described(
        query=frozenset(parameter["name"] for parameter in parameters if parameter["in"] == "query"),
        has_body="requestBody" in operation,
    )
