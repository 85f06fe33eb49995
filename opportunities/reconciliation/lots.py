"""Lots whose numbers their ledger doesn't know, and work that lies in somebody else's lot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from leadmaster.ops.reconciliation.check import Check, Finding
from opportunities.capacity import quota
from opportunities.clocks.setting import as_it_is
from opportunities.enums import OWNED, EventKind, OpportunityState, QuotaKind
from opportunities.models import DailyQuota, Lot, Opportunity, OpportunityEvent, QuotaEntry
from opportunities.querysets import OpportunityQuerySet
from opportunities.reconciliation.check import OpportunityCheck, take
from opportunities.state import machine

_PAID = QuotaEntry.objects.filter(lot=OuterRef("pk")).exclude(kind=QuotaKind.LIMIT)


class LotCheck(Check[Lot]):
    """A lot is written once, with its ledger, while the quota of its day is locked."""

    area = "lots"

    def rows(self) -> QuerySet[Lot]:
        return Lot.objects.all()

    def locked(self, pk: int) -> Lot | None:
        lot = Lot.objects.filter(pk=pk).first()
        if lot is None:
            return None
        day = DailyQuota.objects.filter(promoter=lot.promoter_id, day=lot.day)
        if day.exists() and not day.select_for_update(skip_locked=True).exists():
            return None
        return Lot.objects.select_for_update(skip_locked=True).filter(pk=pk).first()


class LotOfNothing(LotCheck):
    """Nothing was charged for it, and nothing is in it."""

    name = "lots.orphan"

    def suspects(self, rows: QuerySet[Lot], *, now: dt.datetime) -> Iterable[int]:
        within = Opportunity.objects.filter(lot=OuterRef("pk"))
        return rows.filter(~Exists(within), ~Exists(_PAID), granted__gt=0).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        lot = self.locked(pk)
        if lot is None or not list(self.suspects(Lot.objects.filter(pk=pk), now=now)):
            return None
        return self.found(
            pk,
            _("El lote dice %(granted)d entregadas, y ni el cupo ni las oportunidades saben de él.")
            % {"granted": lot.granted},
            repair=_("Vale cero."),
            promoter=lot.promoter_id,
            day=lot.day,
            granted=lot.granted,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        Lot.objects.filter(pk=finding.subject).update(granted=0, from_pool=0)


class LotMiscounted(LotCheck):
    """What it granted is not what the quota was charged for it."""

    name = "lots.counts"

    def suspects(self, rows: QuerySet[Lot], *, now: dt.datetime) -> Iterable[int]:
        total = Subquery(
            _PAID.order_by().values("lot").annotate(paid=Sum("amount")).values("paid"), output_field=IntegerField()
        )
        drawn = rows.filter(reassigned_on__isnull=True).annotate(paid=total)
        # Without a ledger it is a former system's, or nothing: the check before this one tells.
        off = Q(paid__isnull=False) & (~Q(granted=F("paid")) | Q(from_pool__gt=F("granted")))
        return drawn.filter(off).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        lot = self.locked(pk)
        if lot is None or not list(self.suspects(Lot.objects.filter(pk=pk), now=now)):
            return None
        paid, told, pooled = _paid(pk), *_told(lot)
        repair = ""
        if paid == told:
            repair = _("Vale lo que dice el libro del cupo.")
        elif lot.granted == told:
            repair = _("El libro del cupo anota lo que falta.")
        return self.found(
            pk,
            _("El lote dice %(granted)d entregadas, %(pooled)d del pool; el libro del cupo dice %(paid)d.")
            % {"granted": lot.granted, "pooled": lot.from_pool, "paid": paid},
            repair=repair,
            granted=lot.granted,
            from_pool=lot.from_pool,
            paid=paid,
            told=told,
            pooled=pooled,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        told, paid = finding.evidence["told"], finding.evidence["paid"]
        lot = Lot.objects.get(pk=finding.subject)
        if paid != told:
            day = DailyQuota.objects.get(promoter=lot.promoter_id, day=lot.day)
            quota.write_missing(day, told - paid, lot=lot, reason=finding.what, now=now)
        Lot.objects.filter(pk=lot.pk).update(granted=told, from_pool=finding.evidence["pooled"])


class InAnothersLot(OpportunityCheck):
    """In the lot of a promoter who does not have it."""

    area = "lots"
    name = "lots.foreign"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        mine = Q(lot__promoter=F("owner"))
        return rows.filter(~mine, state__in=OWNED, lot__isnull=False, owner__isnull=False).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("La oportunidad es de %(owner)s y está en un lote de otra persona.") % {"owner": row.owner},
            repair=_("Sale de ese lote."),
            lot=row.lot_id,
            owner=row.owner_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        state = OpportunityState(row.state)
        clock = as_it_is(row) if state is OpportunityState.ACTIVE else None
        machine.put_right(row, state, now=now, reason=finding.what, clock=clock, lot=None)


def _paid(lot_id: int) -> int:
    entries = QuotaEntry.objects.filter(lot=lot_id).exclude(kind=QuotaKind.LIMIT)
    return int(entries.aggregate(paid=Coalesce(Sum("amount"), 0))["paid"])


def _told(lot: Lot) -> tuple[int, int]:
    """How many the histories say that its promoter drew in that moment, and how many of them from the pool.

    One promoter draws one lot at a time. A line may bear a later moment than its lot, where its row had one already.
    """
    drawn = OpportunityEvent.objects.filter(to_owner=lot.promoter_id, kind=EventKind.ASSIGNED, at__gte=lot.created_at)
    following = Lot.objects.filter(promoter=lot.promoter_id, pk__gt=lot.pk, reassigned_on__isnull=True).order_by("pk")
    until = following.values_list("created_at", flat=True).first()
    if until is not None:
        drawn = drawn.filter(at__lt=until)
    return drawn.count(), drawn.filter(from_state=OpportunityState.POOL).count()
