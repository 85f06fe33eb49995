"""The import itself: check everything, then write batch by batch."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.audience.batches import BatchWriter, Decision, batches
from campaigns.audience.errors import AudienceError, file_errors
from campaigns.audience.mapping import ColumnMapping, known_fields
from campaigns.audience.preview import FilePreview, decimal_sign, preview_of
from campaigns.audience.report import Result, RowReport
from campaigns.audience.rows import RowReader
from campaigns.audience.seen import seen_phones
from campaigns.enums import CAMPAIGN_EDITABLE
from campaigns.errors import Refused
from campaigns.models import Campaign, RecipientImport
from campaigns.policy import Act, require
from campaigns.rendering import NAME_FIELDS, Template, TemplateError, UnknownPlaceholdersError, parse
from leadmaster.accounts.models import User
from leadmaster.lib.db import retrying
from leadmaster.lib.tabular import Table, open_table

Progress = Callable[[int, int], None]

# An import that is still "running" after this long lost its process: a million rows take minutes.
_LOST_AFTER = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What became of the rows. `reasons` counts the left-out ones by stable code; `import_id` is None on a dry run."""

    campaign_id: int
    import_id: int | None
    dry_run: bool
    rows: int
    accepted: int
    duplicates: int
    invalid: int
    opted_out: int
    already_there: int
    reasons: dict[str, int]
    encoding: str
    delimiter: str
    sheet: str
    mapping: ColumnMapping
    fields: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def import_file(
    campaign: Campaign,
    file: Path | IO[bytes],
    *,
    now: dt.datetime,
    by: User | None = None,
    mapping: ColumnMapping | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    file_name: str = "",
    report_path: Path | None = None,
) -> ImportReport:
    """Add the people of a file to a campaign that is still being prepared; whoever is there already stays as is.

    Without `mapping` the guess of `inspect` is taken. `progress` is told rows done and rows in all. The row report
    goes to `report_path` if given, and is kept with the import. `by=None` is the system.
    Raises AudienceError (or NotAllowed) before anything is written; a dry run writes nothing at all.
    """
    name = file_name or (file.name if isinstance(file, Path) else Path(getattr(file, "name", None) or "archivo").name)
    with file_errors(), open_table(file, decimal=decimal_sign(campaign.session.region)) as table:
        plan = _plan(campaign, table, mapping=mapping, by=by)
        record = None
        if not dry_run:
            record = retrying(lambda: _open_record(plan, file_name=name, by=by, now=now))
        return _run(plan, table, record=record, now=now, progress=progress, report_path=report_path)


def run_import(record: RecipientImport, *, now: dt.datetime, progress: Progress | None = None) -> ImportReport:
    """The same for an import that was recorded with its file and its confirmed mapping, such as an upload.

    A refusal is written on the record as well as raised.
    """
    try:
        mapping = ColumnMapping.from_json(record.mapping) if record.mapping else None
        with (
            _stored_file(record) as stored,
            file_errors(),
            open_table(stored, decimal=decimal_sign(record.campaign.session.region)) as table,
        ):
            plan = _plan(record.campaign, table, mapping=mapping, by=record.by)
            retrying(lambda: _adopt_record(plan, record, now=now))
            return _run(plan, table, record=record, now=now, progress=progress, report_path=None)
    except Refused as error:
        _close_record(record, state=RecipientImport.State.FAILED, now=now, error=str(error))
        raise


@contextmanager
def _stored_file(record: RecipientImport) -> Iterator[IO[bytes]]:
    try:
        stream = record.file.open("rb")
    except (OSError, ValueError) as error:
        raise AudienceError("unreadable", _("El archivo ya no está guardado: vuelve a subirlo.")) from error
    with stream:
        yield stream


# --- Before anything is written ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Plan:
    campaign: Campaign
    preview: FilePreview
    mapping: ColumnMapping
    template: Template
    records: int


def _plan(campaign: Campaign, table: Table, *, mapping: ColumnMapping | None, by: User | None) -> _Plan:
    """Everything that can be refused is refused here: person, state, unreadable rows, columns, placeholders."""
    campaign.refresh_from_db()
    require(by, Act.IMPORT, campaign)
    _check_editable(campaign)
    records = table.count()
    preview = preview_of(table, region=campaign.session.region, mapping=mapping)
    if preview.guess is None:
        raise AudienceError(
            "no_phone_column",
            _("Ninguna columna parece tener teléfonos. Columnas del archivo: %(headers)s. Elige cuál los tiene.")
            % {"headers": ", ".join(preview.headers)},
        )
    if not preview.sample and records <= (preview.guess.header_row or 0):
        raise AudienceError("no_rows", _("El archivo solo tiene el encabezado: agrega los destinatarios."))
    template = _checked_template(campaign, preview, preview.guess)
    return _Plan(campaign=campaign, preview=preview, mapping=preview.guess, template=template, records=records)


def _check_editable(campaign: Campaign) -> None:
    if campaign.state not in CAMPAIGN_EDITABLE:
        raise AudienceError(
            "campaign_state",
            _("La campaña está %(state)s: solo se agregan destinatarios mientras es borrador o espera aprobación.")
            % {"state": campaign.get_state_display().lower()},
        )


def _checked_template(campaign: Campaign, preview: FilePreview, mapping: ColumnMapping) -> Template:
    """The template, if every row of this file can be asked for what it needs."""
    known = known_fields(preview.fields, mapping=mapping)
    try:
        template = parse(campaign.template)
        # A file without names is fine where the message says what to call people.
        given = {place.field for place in template.placeholders if place.default is not None} & set(NAME_FIELDS)
        unknown = template.unknown([*known, *given])
        if unknown:
            raise UnknownPlaceholdersError(unknown, known=known)
    except TemplateError as error:
        raise AudienceError(
            "placeholders" if isinstance(error, UnknownPlaceholdersError) else "template", str(error)
        ) from error
    return template


# --- The record of the import -----------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def _open_record(plan: _Plan, *, file_name: str, by: User | None, now: dt.datetime) -> RecipientImport:
    campaign = _adopt_columns(plan)
    _give_up_lost(campaign, now=now)
    return RecipientImport.objects.create(
        campaign=campaign, by=by, file_name=file_name[:255], mapping=plan.mapping.as_json(), started_at=now
    )


@transaction.atomic(durable=True)
def _adopt_record(plan: _Plan, record: RecipientImport, *, now: dt.datetime) -> None:
    _give_up_lost(_adopt_columns(plan), now=now)
    record.mapping = plan.mapping.as_json()
    record.state = RecipientImport.State.RUNNING
    record.started_at = now
    # A second run of the same record counts from the start: what the first one added is "already there" now.
    for counter in ("rows", *Result):
        setattr(record, counter, 0)
    record.save()


def _adopt_columns(plan: _Plan) -> Campaign:
    """The file's columns become words of the campaign's message."""
    campaign = Campaign.objects.select_for_update().get(pk=plan.campaign.pk)
    _check_editable(campaign)
    fields = [field for field in plan.preview.fields if field not in NAME_FIELDS]
    campaign.columns = list(dict.fromkeys([*campaign.columns, *fields]))
    campaign.save(update_fields=["columns"])
    return campaign


def _give_up_lost(campaign: Campaign, *, now: dt.datetime) -> None:
    """Imports whose process is gone stop looking as if they ran."""
    RecipientImport.objects.filter(
        campaign=campaign, state=RecipientImport.State.RUNNING, started_at__lt=now - _LOST_AFTER
    ).update(state=RecipientImport.State.FAILED, finished_at=now, error=_interrupted())


def _close_record(record: RecipientImport, *, state: str, now: dt.datetime, error: str = "") -> None:
    record.state = state
    record.finished_at = now
    record.error = error[:500]
    record.save(update_fields=["state", "finished_at", "error", "report"])


def _interrupted() -> str:
    return _("Se interrumpió. Importa otra vez el mismo archivo: se agregará lo que falta.")


# --- Row by row -------------------------------------------------------------------------------------------------------


def _run(
    plan: _Plan,
    table: Table,
    *,
    record: RecipientImport | None,
    now: dt.datetime,
    progress: Progress | None,
    report_path: Path | None,
) -> ImportReport:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = report_path or Path(folder) / "informe.csv"
        try:
            counts, reasons = _write_rows(plan, table, path, record=record, now=now, progress=progress)
        except BaseException as error:
            if record:
                _keep_report(record, path)
                refusal = str(error) if isinstance(error, Refused) else _interrupted()
                _close_record(record, state=RecipientImport.State.FAILED, now=_later(now, started), error=refusal)
            raise
        if record:
            _keep_report(record, path)
            _close_record(record, state=RecipientImport.State.DONE, now=_later(now, started))
            record.refresh_from_db()
    return ImportReport(
        campaign_id=plan.campaign.pk,
        import_id=record.pk if record else None,
        dry_run=record is None,
        rows=counts.total(),
        **{result.value: counts[result] for result in Result},
        reasons=dict(reasons),
        encoding=plan.preview.encoding,
        delimiter=plan.preview.delimiter,
        sheet=plan.preview.sheet,
        mapping=plan.mapping,
        fields=plan.preview.fields,
    )


def _write_rows(
    plan: _Plan,
    table: Table,
    path: Path,
    *,
    record: RecipientImport | None,
    now: dt.datetime,
    progress: Progress | None,
) -> tuple[Counter[Result], Counter[str]]:
    region = plan.campaign.session.region
    reader = RowReader(
        mapping=plan.mapping, fields=plan.preview.fields, region=region, delimiter=plan.preview.delimiter
    )
    counts: Counter[Result] = Counter()
    reasons: Counter[str] = Counter()
    with seen_phones() as seen, path.open("w", encoding="utf-8", newline="") as stream:
        report = RowReport(stream, region=region)
        writer = BatchWriter(plan.campaign, template=plan.template, seen=seen, record=record, now=now)
        for batch in batches(reader.read(table.rows())):
            for decision in writer.write(batch):
                counts[decision.result] += 1
                if decision.code:
                    reasons[decision.code] += 1
                _report_line(report, decision)
            if progress:
                progress(batch[-1].row, plan.records)
    return counts, reasons


def _report_line(report: RowReport, decision: Decision) -> None:
    row = decision.row
    report.line(
        row=row.row,
        raw_phone=row.raw_phone,
        phone=decision.phone,
        name=row.name,
        result=decision.result,
        reason=decision.reason,
        first_row=decision.first_row,
    )


def _later(now: dt.datetime, started: float) -> dt.datetime:
    """`now`, as many seconds later as went by since `started` (monotonic)."""
    return now + dt.timedelta(seconds=time.monotonic() - started)


def _keep_report(record: RecipientImport, path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb") as stream:
        record.report.save(f"informe-{record.campaign_id}-{record.pk}.csv", File(stream), save=False)
