"""Totals that were written down and are not what a recount gives (I8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from campaigns import totals
from campaigns.models import CampaignTotals, Envio
from leadmaster.ops.reconciliation.check import Check, Finding


class WrongTotals(Check[CampaignTotals]):
    area = "totals"
    name = "totals.wrong"
    span = 1_000

    def rows(self) -> QuerySet[CampaignTotals]:
        return CampaignTotals.objects.all()

    def suspects(self, rows: QuerySet[CampaignTotals], *, now: dt.datetime) -> Iterable[int]:
        return list(rows.order_by("pk").values_list("pk", flat=True))

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        # Whoever moves a message of a campaign at rest drops its groups, and waits for this lock.
        kept = CampaignTotals.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if kept is None:
            return None
        counted = Envio.objects.filter(campaign=pk).count()
        groups = totals.groups_of([pk])[pk] if kept.groups is not None else None
        if kept.messages == counted and (groups is None or totals.read_groups(kept) == groups):
            return None
        return self.found(
            pk,
            _("Los totales anotados de la campaña #%(id)d no son los de sus envíos.") % {"id": pk},
            repair=_("Se borran y se cuentan de nuevo."),
            written=kept.groups,
            counted=[[state, ack, number] for (state, ack), number in (groups or {}).items()],
            messages=kept.messages,
            messages_counted=counted,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        totals.forget(finding.subject)
