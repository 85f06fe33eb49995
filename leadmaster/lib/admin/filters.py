"""Filters of admin lists by rows that not everybody may see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final

from django.contrib.admin import SimpleListFilter
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from leadmaster.lib.ids import parse_id

# Longer lists of choices help nobody: there is a search.
_CHOICES: Final = 60


class ScopedFilter(SimpleListFilter, ABC):
    """A filter by a related row that offers only what this person may see."""

    lookup = ""

    @abstractmethod
    def choices_for(self, user: Any) -> QuerySet[Any]:
        """The rows that this person may choose among, in the order they are offered."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(row.pk), str(row)) for row in self.choices_for(request.user)[:_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        number = parse_id(self.value() or "")
        return queryset if number is None else queryset.filter(**{self.lookup: number})
