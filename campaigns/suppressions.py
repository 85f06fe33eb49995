"""Numbers are excluded, and what waits for them is cancelled with it: the one door to an exclusion."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy

from campaigns import envio_states
from campaigns.enums import EnvioState, Evidence
from campaigns.models import Envio
from leadmaster.accounts.models import User
from leadmaster.directory import suppression
from leadmaster.directory.models import Suppression
from leadmaster.directory.suppression import SuppressionReport
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from leadmaster.ops import rollups
from leadmaster.ops.alerts import resolve_alert

DOUBTS_ALERT = "opt-out-doubts"
_BATCH = 500


def suppress(
    phone: str, *, source: Suppression.Source, now: dt.datetime, reason: str = "", by: User | None = None
) -> tuple[Suppression, int]:
    """Nothing more goes out to this E.164 number, from any session. Returns the row and how many envíos it cancelled.

    The row comes first: whoever claims or sends from then on sees it. Safe to repeat.
    """
    words = {"source": source, "reason": reason[:200], "created_by": by}
    row, created = Suppression.objects.get_or_create(phone=phone, defaults={**words, "created_at": now})
    if not created and Suppression.objects.in_doubt().filter(pk=row.pk).update(**words):
        row.refresh_from_db()
        rollups.changed([row.created_at], now=now)
        close_alert_of_doubts(now=now)
    return row, _cancel([phone], by=by, now=now)


def suppress_list(
    text: str, *, region: str, reason: str, source: Suppression.Source, by: User | None, now: dt.datetime
) -> tuple[SuppressionReport, int]:
    """The same for every phone of a text, also for those that were suppressed before. Safe to repeat."""
    report = suppression.suppress_list(text, region=region, reason=reason, source=source, by=by, now=now)
    close_alert_of_doubts(now=now)
    chunks = (report.phones[start : start + _BATCH] for start in range(0, len(report.phones), _BATCH))
    return report, sum(_cancel(chunk, by=by, now=now) for chunk in chunks)


def close_alert_of_doubts(*, now: dt.datetime) -> None:
    """Unless one is left about which a person has to decide."""
    if not Suppression.objects.in_doubt().exists():
        resolve_alert(DOUBTS_ALERT, now=now)


def _cancel(phones: Sequence[str], *, by: User | None, now: dt.datetime) -> int:
    cancelled = 0
    while batch := retrying(functools.partial(_cancel_some, phones, by=by, now=now)):
        cancelled += batch
    return cancelled


@transaction.atomic(durable=True)
def _cancel_some(phones: Sequence[str], *, by: User | None, now: dt.datetime) -> int:
    # Those that somebody holds are being claimed: the sender looks at the suppressions before it opens the socket.
    ids = list(
        Envio.objects.filter(phone__in=phones, state=EnvioState.PENDING)
        .order_by("id")
        .select_for_update(skip_locked=True)
        .values_list("id", flat=True)[:_BATCH]
    )
    if not ids:
        return 0
    moved = envio_states.move(*ids, source=EnvioState.PENDING, target=EnvioState.CANCELLED, ended_at=now)
    envio_states.record(
        ids,
        source=EnvioState.PENDING,
        target=EnvioState.CANCELLED,
        evidence=Evidence.OPT_OUT,
        now=now,
        by=by,
        reason=kept(gettext_lazy("El número pidió no recibir mensajes.")),
    )
    return moved
