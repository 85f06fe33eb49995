"""What one app holds of a person: how to find it, tell it, and take it out."""

from __future__ import annotations

import abc
import dataclasses
import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from leadmaster.lib.phones.spellings import digits_of, pattern_of, spellings

# What stands where a number stood.
TAKEN_OUT = "…"


class NotNow(Exception):
    """It can't be erased at this moment; `str()` says why and what to do. Nothing was erased."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Person:
    """Every number by which we know them, in every spelling, and their rows in the directory."""

    phones: frozenset[str]
    clients: frozenset[int] = frozenset()

    @classmethod
    def of(cls, phones: Iterable[str], clients: Iterable[int] = ()) -> Person:
        return cls(phones=frozenset(way for phone in phones for way in spellings(phone)), clients=frozenset(clients))

    @property
    def digits(self) -> list[str]:
        return sorted({digits for phone in self.phones for digits in digits_of(phone)}, key=len, reverse=True)

    def without(self, text: str) -> str:
        """The text without their numbers, however they are written."""
        for phone in self.phones:
            text = pattern_of(phone).sub(TAKEN_OUT, text)
        return text


class Part(abc.ABC):
    """One app's. `columns` names the text that it tells and empties, by model: a test holds every new one against it."""

    columns: ClassVar[Mapping[str, Collection[str]]]

    def recognise(self, person: Person) -> Person:
        """The same person, with what this app knows about who they are."""
        return person

    @abc.abstractmethod
    def export(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        """All that is held of them, by kind. A few queries for each kind."""

    def prepare(self, person: Person, *, by_id: int | None, now: dt.datetime) -> None:  # noqa: B027 - most have nothing
        """Before anything is erased: stop what would write about them. Raises NotNow. Safe to repeat."""

    @abc.abstractmethod
    def erase(self, person: Person, *, by_id: int | None, now: dt.datetime) -> dict[str, int]:
        """In one transaction of its own. Returns how many rows of each kind. A second time it finds nothing."""


def naming(rows: QuerySet[Any], person: Person, *columns: str) -> QuerySet[Any]:
    """Of these rows, those in one of whose columns a number of the person's stands. It walks the table: for small ones."""
    found = Q(pk__in=[])
    for column in columns:
        rows = rows.alias(**{f"{column}_text": Cast(column, TextField())})
        for digits in person.digits:
            found |= Q(**{f"{column}_text__contains": digits})
    return rows.filter(found)


def told(rows: QuerySet[Any], *, without: Collection[str] = ()) -> list[dict[str, Any]]:
    """Rows as they are, by the names of their columns."""
    names = [field.attname for field in rows.model._meta.concrete_fields if field.attname not in without]
    return list(rows.order_by("pk").values(*names))


def scrub(rows: QuerySet[Any], person: Person, *columns: str) -> int:
    """Take their numbers out of these columns of these rows. Returns how many rows had any."""
    changed = 0
    for row in rows.select_for_update().order_by("pk"):
        before = {name: getattr(row, name) for name in columns}
        after = {name: _scrubbed(row, name, person) for name in columns}
        if before != after:
            type(row)._base_manager.filter(pk=row.pk).update(**after)
            changed += 1
    return changed


def _scrubbed(row: Model, name: str, person: Person) -> Any:
    value = getattr(row, name)
    if not isinstance(row._meta.get_field(name), JSONField):
        return person.without(value or "")
    written = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return json.loads(person.without(written))
