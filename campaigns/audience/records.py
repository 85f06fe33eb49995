"""The record of an import: opened, adopted, closed; its file and its report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError
from campaigns.audience.plan import check_editable
from campaigns.audience.report import Result
from campaigns.models import Campaign, RecipientImport
from campaigns.rendering import NAME_FIELDS
from leadmaster.accounts.models import User

# An import that is still "running" after this long lost its process: a million rows take minutes.
_LOST_AFTER = dt.timedelta(hours=1)


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
    _give_up_lost(locked, now=now)
    return RecipientImport.objects.create(
        campaign=locked, by=by, file_name=title[:255], mapping=dict(mapping), started_at=now
    )


@transaction.atomic(durable=True)
def adopt_record(
    record: RecipientImport, *, fields: Iterable[str], mapping: Mapping[str, Any], now: dt.datetime
) -> None:
    """The same for an import that was written down before it could run."""
    _give_up_lost(_adopt_columns(record.campaign, fields), now=now)
    record.mapping = dict(mapping)
    record.state = RecipientImport.State.RUNNING
    record.started_at = now
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


def _give_up_lost(campaign: Campaign, *, now: dt.datetime) -> None:
    """Imports whose process is gone stop looking as if they ran."""
    RecipientImport.objects.filter(
        campaign=campaign, state=RecipientImport.State.RUNNING, started_at__lt=now - _LOST_AFTER
    ).update(state=RecipientImport.State.FAILED, finished_at=now, error=interrupted())


def close_record(record: RecipientImport, *, state: str, now: dt.datetime, error: str = "") -> None:
    record.state = state
    record.finished_at = now
    record.error = error[:500]
    record.save(update_fields=["state", "finished_at", "error", "report"])


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


def keep_report(record: RecipientImport, path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb") as stream:
        record.report.save(f"informe-{record.campaign_id}-{record.pk}.csv", File(stream), save=False)
