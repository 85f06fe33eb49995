"""Acknowledgements that wait although their message is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from campaigns import receipts
from campaigns.models import EarlyReceipt, Envio
from leadmaster.ops.reconciliation.check import Check, Finding

# The cluster applies them every minute.
_LATE = dt.timedelta(minutes=10)


class EarlyReceiptOfKnown(Check[EarlyReceipt]):
    """Kept because it came before its message was known, and forgotten when it was."""

    area = "receipts"
    name = "receipts.waiting"

    def rows(self) -> QuerySet[EarlyReceipt]:
        return EarlyReceipt.objects.all()

    def suspects(self, rows: QuerySet[EarlyReceipt], *, now: dt.datetime) -> Iterable[int]:
        known = Envio.objects.filter(session=OuterRef("session"), message_id=OuterRef("message_id"))
        return rows.filter(Exists(known), received_at__lt=now - _LATE).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        receipt = EarlyReceipt.objects.filter(pk=pk).first()
        if receipt is None:
            return None
        envio = Envio.objects.filter(session=receipt.session_id, message_id=receipt.message_id).first()
        if envio is None:
            return None
        return self.found(
            pk,
            _("El acuse «%(kind)s» del envío #%(envio)d llegó y no se aplicó.")
            % {"kind": receipt.kind, "envio": envio.pk},
            repair=_("Se aplica."),
            envio=envio.pk,
            message_id=receipt.message_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        envio = Envio.objects.select_for_update().get(pk=finding.evidence["envio"])
        receipts.apply_early(envio.session_id, finding.evidence["message_id"], envio_id=envio.pk, now=now)
