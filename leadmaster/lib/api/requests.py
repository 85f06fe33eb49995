"""What is described is what is taken: a query or a body with names that the API's description lacks is refused. Whoever
has no business with a row is told that first, whatever they sent.
"""

from __future__ import annotations

import copy
import dataclasses
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from leadmaster.lib.api.serializers import unknown_names

if TYPE_CHECKING:
    Base = APIView
else:
    Base = object

_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


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
        method = str(request.method)
        action = getattr(self, "action", None) or method.lower()
        if method == "OPTIONS" or not hasattr(self, action):
            return
        described = _described(self, action, method)
        # Around the handler, so that a repeated request gets its kept answer also where its row has left sight since.
        setattr(self, method.lower(), self._judged(getattr(self, method.lower()), described))

    def stop_strangers(self) -> None:
        """Raise Http404 or a refusal, if the address names a row that this person doesn't see or may not do this to."""
        name = getattr(self, "lookup_url_kwarg", None) or getattr(self, "lookup_field", None)
        if isinstance(self, GenericAPIView) and name in self.kwargs:
            self.require_allowed(get_object_or_404(self.get_queryset(), **{self.lookup_field: self.kwargs[name]}))

    def require_allowed(self, row: Any) -> None:
        """Raise what the action itself would raise for a row that this person sees and may not do this to.

        For views whose rows are seen by more people than may change them.
        """

    def _judged(self, handler: Callable[..., Response], described: Described) -> Callable[..., Response]:
        def run(request: Request, *args: Any, **kwargs: Any) -> Response:
            changes = request.method in _CHANGING
            refused = unknown_names(request.query_params, described.query)
            if changes or refused:
                self.stop_strangers()
            # Read here, before the handler reads the row: a body that comes slowly must not be older than what it changes.
            if changes and request.data and not described.has_body:
                names = request.data if hasattr(request.data, "keys") else ["general"]
                refused |= unknown_names(map(str, names), ())
            if refused:
                raise ValidationError(refused)
            return handler(request, *args, **kwargs)

        return run


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
