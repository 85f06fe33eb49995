"""A day's use of a promoter's quota is the sum of its ledger, and no more than its limit (I6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from leadmaster.ops.reconciliation.check import Check, Finding
from opportunities.capacity import quota
from opportunities.enums import QuotaKind
from opportunities.models import DailyQuota


class QuotaOff(Check[DailyQuota]):
    area = "quotas"
    name = "quotas.ledger"
    span = 2_000

    def rows(self) -> QuerySet[DailyQuota]:
        return DailyQuota.objects.all()

    def suspects(self, rows: QuerySet[DailyQuota], *, now: dt.datetime) -> Iterable[int]:
        off = ~Q(used=F("summed")) | Q(used__gt=F("limit"))
        return _summed(rows).filter(off).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        row = DailyQuota.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if row is None:
            return None
        summed = int(_summed(DailyQuota.objects.filter(pk=pk)).get().summed)
        if row.used == summed and row.used <= row.limit:
            return None
        return self.found(
            pk,
            _("El cupo del %(day)s de %(who)s dice %(used)d usados de %(limit)d, y su libro suma %(summed)d.")
            % {
                "day": row.day.strftime("%d/%m/%Y"),
                "who": row.promoter,
                "used": row.used,
                "limit": row.limit,
                "summed": summed,
            },
            # A ledger that gave back more than it was charged for is no ledger.
            repair=_("Vale lo que suma el libro.") if summed >= 0 else "",
            used=row.used,
            limit=row.limit,
            summed=summed,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = DailyQuota.objects.get(pk=finding.subject)
        quota.recount(row, finding.evidence["summed"], reason=finding.what, now=now)


def _summed(rows: QuerySet[DailyQuota]) -> QuerySet[Any]:
    counted = Sum("entries__amount", filter=~Q(entries__kind=QuotaKind.LIMIT))
    return rows.order_by().annotate(summed=Coalesce(counted, 0))
