"""Days whose sums are written down and are not what a recount gives. Each app that has sums brings its kind."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from leadmaster.lib.periods import Period
from leadmaster.ops import rollups
from leadmaster.ops.models import RolledDay
from leadmaster.ops.reconciliation.check import Check, Finding


class SumsOff(Check[RolledDay]):
    """A subclass says which sums, what is written down of a day, and what a recount gives."""

    area = "results"
    # Each look counts a whole day.
    span = 500
    rollup_name: ClassVar[str]

    @abc.abstractmethod
    def rollup(self) -> rollups.Rollup: ...

    @abc.abstractmethod
    def written(self, day: Period) -> set[Any]: ...

    @abc.abstractmethod
    def counted(self, day: Period) -> set[Any]: ...

    def rows(self) -> QuerySet[RolledDay]:
        return RolledDay.objects.filter(rollup=self.rollup_name)

    def suspects(self, rows: QuerySet[RolledDay], *, now: dt.datetime) -> Iterable[int]:
        return [row.pk for row in rows.order_by("pk") if self._differs(row)]

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        row = self.rows().select_for_update(skip_locked=True).filter(pk=pk).first()
        # Another basis, or a change that was told: nobody reads it as it is, and the next run counts it anew.
        if row is None or rollups.awaits(row) or row.basis != self.rollup().basis(rollups.period_of(row)):
            return None
        if not self._differs(row):
            return None
        day = rollups.period_of(row)
        return self.found(
            pk,
            _("Las sumas del %(day)s (%(zone)s) no son las de un recuento.")
            % {"day": row.day.strftime("%d/%m/%Y"), "zone": row.zone},
            repair=_("Se cuentan de nuevo."),
            written=len(self.written(day)),
            counted=len(self.counted(day)),
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        rollups.rewrite(self.rollup(), self.rows().get(pk=finding.subject), now=now)

    def _differs(self, row: RolledDay) -> bool:
        day = rollups.period_of(row)
        return self.written(day) != self.counted(day)
