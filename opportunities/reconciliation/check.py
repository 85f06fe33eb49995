"""What the desk's checks share: one opportunity at a time, held with its client; what others hold is left to them."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Iterable
from typing import cast

from django.db.models import QuerySet

from leadmaster.directory.models import Client
from leadmaster.ops.reconciliation.check import Check, Finding
from opportunities.models import Opportunity
from opportunities.querysets import OpportunityQuerySet
from opportunities.state import locking


class OpportunityCheck(Check[Opportunity]):
    """A subclass says which rows are wrong, what is to be said of one, and how it is mended."""

    area = "opportunities"
    span = 5_000

    def rows(self) -> OpportunityQuerySet:
        return Opportunity.objects.all()

    @abc.abstractmethod
    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        """Ids of those of these rows that are. Asked without locks of a range, and under its locks of one row."""

    @abc.abstractmethod
    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        """The finding about a row that is wrong, and is held."""

    def suspects(self, rows: QuerySet[Opportunity], *, now: dt.datetime) -> Iterable[int]:
        return list(self.wrong(cast(OpportunityQuerySet, rows), now=now))

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        row = hold(pk)
        if row is None or not list(self.wrong(self.rows().filter(pk=pk), now=now)):
            return None
        return self.describe(row, now=now)


def hold(pk: int) -> Opportunity | None:
    """The row, locked after its client as everybody does; None while somebody else has one of them.

    Its clock is left as it is: a look changes nothing. Whoever mends takes it by `take`.
    """
    client_id = Opportunity.objects.filter(pk=pk).values_list("client_id", flat=True).first()
    if client_id is None or not _free(client_id):
        return None
    row = Opportunity.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    return row if row is not None and row.client_id == client_id else None


def take(pk: int) -> Opportunity:
    """A row that is held already, to change it: its clock follows a change of hours first."""
    [row] = locking.lock([pk])
    return row


def _free(client_id: int) -> bool:
    held = Client.objects.select_for_update(skip_locked=True).filter(pk=client_id).values_list("pk", flat=True).first()
    return held is not None or not Client.objects.filter(pk=client_id).exists()
