"""Pages of a row's own lines, and of queues, in which whoever waits longest comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView

    Base = GenericAPIView[Any]
else:
    Base = object


class Subpages(Base):
    """A view whose rows have lists of their own."""

    def page_of(self, rows: QuerySet[Any], form: type[BaseSerializer[Any]]) -> Response:
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(form(page, many=True, context=self.get_serializer_context()).data)


class LongestWaiting(CursorPagination):
    """Pages of a queue, without counting it."""

    ordering = ("state_since", "id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises NotFound for a cursor that no page of ours gave out."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not _is_instant(str(cursor.position)):
            raise NotFound(_("Ese cursor no es de esta lista."))
        return cursor


def _is_instant(text: str) -> bool:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return False
    return moment is not None and moment.tzinfo is not None
