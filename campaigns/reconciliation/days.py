"""A day's use of a line's limit and of a schedule's cap is what its attempts charged and did not give back (I6)."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Iterable
from typing import Generic, TypeVar

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from campaigns.models import ScheduleDay, SessionDay
from leadmaster.ops.reconciliation.check import Check, Finding

D = TypeVar("D", SessionDay, ScheduleDay)


class _DayOff(Check[D], Generic[D]):
    # A day may have tens of thousands of attempts.
    span = 200

    def suspects(self, rows: QuerySet[D], *, now: dt.datetime) -> Iterable[int]:
        return [pk for pk, used, charged in self._charged(rows) if used != charged]

    def _charged(self, rows: QuerySet[D]) -> Iterable[tuple[int, int, int]]:
        """Id, what is written down, and what the attempts add up to."""
        kept = rows.order_by().annotate(charged=Count("attempts", filter=Q(attempts__refunded=False)))
        return kept.values_list("pk", "used", "charged")

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        # A claim charges the day and writes its attempt in one transaction, and holds this row meanwhile.
        held = self.rows().filter(pk=pk).select_for_update(skip_locked=True).values_list("used", flat=True)
        used = next(iter(held), None)
        if used is None:
            return None
        [(_pk, _used, charged)] = self._charged(self.rows().filter(pk=pk))
        if used == charged:
            return None
        return self.found(
            pk,
            self.sentence() % {"used": used, "charged": charged},
            repair=_("Vale lo que dicen los intentos."),
            used=used,
            charged=charged,
        )

    @abc.abstractmethod
    def sentence(self) -> str:
        """With %(used)d and %(charged)d."""

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        self.rows().filter(pk=finding.subject).update(used=finding.evidence["charged"])


class SessionDayOff(_DayOff[SessionDay]):
    area = "sessions"
    name = "sessions.day"

    def rows(self) -> QuerySet[SessionDay]:
        return SessionDay.objects.all()

    def sentence(self) -> str:
        return _("Al límite diario de la línea se le cargaron %(used)d y sus intentos suman %(charged)d.")


class ScheduleDayOff(_DayOff[ScheduleDay]):
    area = "campaigns"
    name = "campaigns.day"

    def rows(self) -> QuerySet[ScheduleDay]:
        return ScheduleDay.objects.all()

    def sentence(self) -> str:
        return _("Al cupo diario de la programación se le cargaron %(used)d y sus intentos suman %(charged)d.")
