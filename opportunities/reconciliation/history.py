"""Histories that don't end where their opportunity is, and sales that don't agree with either."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from leadmaster.ops.reconciliation.check import Finding
from opportunities.clocks.setting import as_it_is
from opportunities.enums import CLOSED, OPEN, EventKind, OpportunityState
from opportunities.funnel import sales
from opportunities.models import Opportunity, OpportunityEvent, Promoter, Sale
from opportunities.querysets import OpportunityQuerySet
from opportunities.reconciliation.check import OpportunityCheck, take
from opportunities.state import machine

S = OpportunityState


class HistoryEndsElsewhere(OpportunityCheck):
    """The last line of its history says another state, stage or owner, or there is no line at all.

    People have worked by what the row says, so the history is told of it. But who was closed against a history that
    says otherwise would be lost without anybody knowing: a supervisor decides that one.
    """

    name = "opportunities.history"
    span = 2_000

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        last = OpportunityEvent.objects.filter(opportunity=OuterRef("pk")).order_by("-id")
        told = rows.annotate(
            last_state=Subquery(last.values("to_state")[:1]),
            last_stage=_number(Subquery(last.values("to_stage")[:1])),
            last_owner=_number(Subquery(last.values("to_owner")[:1])),
        )
        same = Q(last_state=F("state"), last_stage=_number(F("stage")), last_owner=_number(F("owner")))
        return told.filter(Q(last_state__isnull=True) | ~same).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        last = row.events.order_by("-id").first()
        return self.found(
            row.pk,
            _("Está «%(state)s» y su historia termina en «%(told)s».")
            % {"state": row.get_state_display(), "told": last.get_to_state_display()}
            if last
            else _("No tiene historia: nadie sabe cómo empezó."),
            repair=_("Pasa a la bandeja, para que un supervisor decida.")
            if _was_lost(row, last)
            else _("La historia anota dónde está."),
            state=row.state,
            stage=row.stage_id,
            owner=row.owner_id,
            told_state=last.to_state if last else None,
            told_stage=last.to_stage_id if last else None,
            told_owner=last.to_owner_id if last else None,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        last = row.events.order_by("-id").first()
        if _was_lost(row, last):
            told: dict[str, Any] = {"owner": Promoter.objects.filter(pk=last.to_owner_id or 0).first()} if last else {}
            machine.put_right(row, S.EXIT, now=now, reason=finding.what, exit_reason=finding.what[:300], **told)
            return
        clock = as_it_is(row) if row.state == S.ACTIVE else None
        machine.put_right(row, S(row.state), now=now, reason=finding.what, clock=clock)


class SoldWithoutSale(OpportunityCheck):
    """Won, and there is no sale."""

    name = "opportunities.unsold"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        return rows.filter(state=S.WON, sale__isnull=True).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        taken = Opportunity.objects.filter(client=row.client_id, state__in=OPEN).exists()
        return self.found(
            row.pk,
            _("Está ganada y no tiene venta."),
            repair="" if taken else _("Pasa a la bandeja, para que un supervisor decida."),
            owner=row.owner_id,
            client=row.client_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        machine.put_right(row, S.EXIT, now=now, reason=finding.what, exit_reason=finding.what[:300])


class SaleOfUnsold(OpportunityCheck):
    """There is a sale, and the opportunity is worked on or lost."""

    name = "opportunities.sold"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        return rows.filter(~Q(state=S.WON), sale__isnull=False).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        sale = Sale.objects.get(opportunity=row)
        return self.found(
            row.pk,
            _("Tiene una venta y está «%(state)s».") % {"state": row.get_state_display()},
            repair=_("Queda ganada, de quien la vendió."),
            state=row.state,
            sale=sale.pk,
            promoter=sale.promoter_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        owner = Promoter.objects.get(pk=finding.evidence["promoter"])
        machine.put_right(row, S.WON, now=now, reason=finding.what, owner=owner)


class SaleRewritten(OpportunityCheck):
    """The sale says something else than the correction that a supervisor signed."""

    name = "opportunities.corrected"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        corrected = OpportunityEvent.objects.filter(opportunity=OuterRef("pk"), kind=EventKind.CORRECTED)
        suspects = rows.filter(Exists(corrected), state=S.WON, sale__isnull=False)
        return [
            row.pk for row in suspects.select_related("sale") if _signed(row) not in (None, sales.as_data(row.sale))
        ]

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("La venta no dice lo que dejó escrito su última corrección."),
            repair=_("Vale la corrección."),
            sale=sales.as_data(row.sale),
            corrected=_signed(row),
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        sale = Sale.objects.select_for_update().get(opportunity=row)
        sales.rewrite(sale, finding.evidence["corrected"])
        machine.put_right(row, S.WON, now=now, reason=finding.what)


def _number(value: Any) -> Coalesce:
    """A key, or zero for none: what is NULL equals nothing."""
    return Coalesce(value, 0, output_field=BigIntegerField())


def _was_lost(row: Opportunity, last: OpportunityEvent | None) -> bool:
    """Closed, although its history says that it is open, and nothing else proves that it ended."""
    if row.state not in CLOSED or last is None or last.to_state not in OPEN:
        return False
    others = Opportunity.objects.filter(client=row.client_id, state__in=OPEN).exclude(pk=row.pk)
    return not Sale.objects.filter(opportunity=row).exists() and not others.exists()


def _signed(row: Opportunity) -> dict[str, str] | None:
    """What the last correction of the sale that there is left written; None when it is of a former one."""
    corrected = row.events.filter(kind=EventKind.CORRECTED).order_by("-id").first()
    if corrected is None or corrected.data.get("sale") != row.sale.pk:
        return None
    return dict(corrected.data["after"])
