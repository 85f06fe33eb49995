"""The record of an import: opened, adopted, closed; its file and its report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError
from campaigns.audience.plan import check_editable
from campaigns.audience.report import Result
from campaigns.models import Campaign, RecipientImport
from campaigns.rendering import NAME_FIELDS
from leadmaster.accounts.models import User

State = RecipientImport.State

# A batch takes seconds, and counting the rows of the biggest file a few minutes.
LOST_AFTER = dt.timedelta(minutes=10)


@transaction.atomic(durable=True)
def open_record(
    campaign: Campaign,
    *,
    fields: Iterable[str],
    mapping: Mapping[str, Any],
    title: str,
    by: User | None,
    now: dt.datetime,
) -> RecipientImport:
    """A running import of people with these `fields`; `mapping` says how they are read, `title` where they are from."""
    locked = _adopt_columns(campaign, fields)
    interrupt_lost(now)
    return RecipientImport.objects.create(
        campaign=locked, by=by, file_name=title[:255], mapping=dict(mapping), started_at=now, alive_at=now
    )


@transaction.atomic(durable=True)
def adopt_record(
    record: RecipientImport, *, fields: Iterable[str], mapping: Mapping[str, Any], now: dt.datetime
) -> None:
    """The same for an import that was written down before it could run."""
    _adopt_columns(record.campaign, fields)
    record.mapping = dict(mapping)
    record.state = State.RUNNING
    record.started_at = record.alive_at = now
    record.finished_at, record.error = None, ""
    # A second run of the same record counts from the start: what the first one added is "already there" now.
    for counter in ("rows", *Result):
        setattr(record, counter, 0)
    record.save()


def _adopt_columns(campaign: Campaign, fields: Iterable[str]) -> Campaign:
    """What is known of the people becomes words of the campaign's message."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    check_editable(locked)
    new = [field for field in fields if field not in NAME_FIELDS]
    locked.columns = list(dict.fromkeys([*locked.columns, *new]))
    locked.save(update_fields=["columns"])
    return locked


def interrupt_lost(now: dt.datetime) -> int:
    """Imports whose process is gone say so, and can be gone on with. Returns how many. Safe to repeat."""
    last_seen = Coalesce("alive_at", "started_at")
    lost = RecipientImport.objects.alias(seen=last_seen).filter(state=State.RUNNING, seen__lt=now - LOST_AFTER)
    return lost.update(state=State.INTERRUPTED, finished_at=last_seen, error=interrupted())


def keep_alive(record: RecipientImport, *, now: dt.datetime, **counters: Any) -> None:
    """Note progress with the rows that it counts. Raises AudienceError when this run no longer has the import."""
    mine = RecipientImport.objects.filter(pk=record.pk, state=State.RUNNING, started_at=record.started_at)
    if not mine.update(alive_at=now, **counters):
        raise AudienceError("taken_over", _("Otra ejecución sigue con esta importación: esta no escribió más."))


def close_record(record: RecipientImport, *, state: str, now: dt.datetime, error: str = "") -> None:
    """End this run's import. One that was given up for lost, or that another run took, stays as it is."""
    record.state = state
    record.finished_at = now
    record.error = error[:500]
    mine = RecipientImport.objects.filter(pk=record.pk, started_at=record.started_at)
    mine.exclude(state__in=[State.INTERRUPTED, State.QUEUED]).update(
        state=state, finished_at=now, error=record.error, report=record.report.name or ""
    )


def interrupted() -> str:
    return _("Se interrumpió. Importa lo mismo otra vez: se agregará lo que falta.")


@contextmanager
def stored_file(record: RecipientImport) -> Iterator[IO[bytes]]:
    try:
        stream = record.file.open("rb")
    except (OSError, ValueError) as error:
        raise AudienceError("unreadable", _("El archivo ya no está guardado: vuelve a subirlo.")) from error
    with stream:
        yield stream


def kept_report(record: RecipientImport) -> File[bytes]:
    """The open row report. Raises AudienceError when its file is gone."""
    try:
        return record.report.open("rb")
    except (OSError, ValueError) as error:
        raise AudienceError("unreadable", _("El informe de esta importación ya no está guardado.")) from error


def keep_report(record: RecipientImport, path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb") as stream:
        record.report.save(f"informe-{record.campaign_id}-{record.pk}.csv", File(stream), save=False)
