"""The import itself: check everything, then write batch by batch."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from campaigns.audience.batches import BatchWriter, Decision, batches
from campaigns.audience.errors import AudienceError, file_errors
from campaigns.audience.mapping import ColumnMapping
from campaigns.audience.plan import Plan, make_plan
from campaigns.audience.preview import decimal_sign
from campaigns.audience.records import (
    adopt_record,
    close_record,
    interrupted,
    keep_report,
    open_record,
    stored_file,
)
from campaigns.audience.report import Result, RowReport
from campaigns.audience.rows import RowReader
from campaigns.audience.seen import seen_phones
from campaigns.errors import Refused
from campaigns.models import Campaign, RecipientImport
from leadmaster.accounts.models import User
from leadmaster.lib.db import retrying
from leadmaster.lib.tabular import Table, open_table

Progress = Callable[[int, int], None]


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
        plan = make_plan(campaign, table, mapping=mapping, by=by)
        _check_writable(report_path)
        record = None
        if not dry_run:
            record = retrying(lambda: open_record(plan, file_name=name, by=by, now=now))
        return _run(plan, table, record=record, now=now, progress=progress, report_path=report_path)


def _check_writable(path: Path | None) -> None:
    try:
        if path:
            path.touch()
    except OSError as error:
        raise AudienceError(
            "report_path", _("No se puede escribir el informe en %(path)s: elige otro lugar.") % {"path": path}
        ) from error


def run_import(record: RecipientImport, *, now: dt.datetime, progress: Progress | None = None) -> ImportReport:
    """The same for an import that was recorded with its file and its confirmed mapping, such as an upload.

    A refusal is written on the record as well as raised.
    """
    try:
        mapping = ColumnMapping.from_json(record.mapping) if record.mapping else None
        with (
            stored_file(record) as stored,
            file_errors(),
            open_table(stored, decimal=decimal_sign(record.campaign.session.region)) as table,
        ):
            plan = make_plan(record.campaign, table, mapping=mapping, by=record.by)
            retrying(lambda: adopt_record(plan, record, now=now))
            return _run(plan, table, record=record, now=now, progress=progress, report_path=None)
    except Refused as error:
        close_record(record, state=RecipientImport.State.FAILED, now=now, error=str(error))
        raise


def _run(
    plan: Plan,
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
                keep_report(record, path)
                refusal = str(error) if isinstance(error, Refused) else interrupted()
                close_record(record, state=RecipientImport.State.FAILED, now=_later(now, started), error=refusal)
            raise
        if record:
            keep_report(record, path)
            close_record(record, state=RecipientImport.State.DONE, now=_later(now, started))
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
    plan: Plan,
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
