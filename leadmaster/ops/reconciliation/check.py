"""One kind of lie: how to suspect it cheaply, how to be sure of it, and how to put it right."""

from __future__ import annotations

import abc
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not true, with its evidence. `repair` says what `--apply` does; empty: a person decides."""

    area: str
    check: str
    subject: int
    what: str
    evidence: Mapping[str, Any]
    repair: str = ""

    @property
    def id(self) -> str:
        """The same for the same lie, run after run."""
        return f"{self.check}:{self.subject}"

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, **dataclasses.asdict(self)}


class Check(abc.ABC, Generic[M]):
    """Looks at one table, row by row of it. A subclass says where to look, when to suspect, and what is right.

    `suspects` may be wrong: it reads without locks while people and clusters work. `examine` decides, under the row's
    locks and in the order that everybody keeps, so what it finds is wrong and not merely on its way. `mend` runs in the
    same transaction, right after `examine`, and uses the door of whatever it writes.
    """

    # The word on the command line, and the finding's kind: "envios", "envios.stuck".
    area: ClassVar[str]
    name: ClassVar[str]
    # Of how many ids one look takes in.
    span: ClassVar[int] = 20_000
    # Whether the door that `mend` uses opens a transaction of its own: then it is called after that of `examine`.
    own_transaction: ClassVar[bool] = False

    @abc.abstractmethod
    def rows(self) -> QuerySet[M]:
        """The table that is walked by its ids, all rows of it that could be concerned."""

    @abc.abstractmethod
    def suspects(self, rows: QuerySet[M], *, now: dt.datetime) -> Iterable[int]:
        """Ids of those rows that look wrong. `rows` is a range of ids; one query or two, no locks."""

    @abc.abstractmethod
    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        """Look again under locks; None when it is well, gone, or in somebody's hands right now."""

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        """Put right what `examine` found a moment ago, in its transaction. Only for findings with a `repair`."""
        raise TypeError(f"{self.name} leaves it to a person")

    def found(self, pk: int, what: str, *, repair: str = "", **evidence: Any) -> Finding:
        return Finding(area=self.area, check=self.name, subject=pk, what=what, evidence=evidence, repair=repair)
