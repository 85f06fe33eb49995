"""The import itself: check everything, then write batch by batch."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from campaigns.audience.batches import batches
from campaigns.audience.errors import AudienceError, file_errors
from campaigns.audience.import_loop import Job, Progress, run_job
from campaigns.audience.import_record import adopt_record, close_record, open_record, stored_file
from campaigns.audience.mapping import ColumnMapping
from campaigns.audience.plan import Plan, make_plan
from campaigns.audience.rows import RowReader
from campaigns.audience.sheets import AS_PROPOSED, SheetChoice, open_people
from campaigns.errors import Refused
from campaigns.models import Campaign, RecipientImport
from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.tables.tabular import Table


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What became of the rows. `reasons` counts the left-out ones by stable code; `import_id` is None on a dry run.

    Of a workbook, `sheet` was read and `other_sheets` were not; `hidden_rows` of it are hidden.
    """

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
    other_sheets: tuple[str, ...]
    hidden_rows: int
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
    choice: SheetChoice = AS_PROPOSED,
    dry_run: bool = False,
    progress: Progress | None = None,
    file_name: str = "",
    report_path: Path | None = None,
    max_size: int | None = None,
) -> ImportReport:
    """Add the people of a file to a campaign that is still being prepared; whoever is there already stays as is.

    Without `mapping` the guess of `inspect` is taken, and its sheet without a `choice`. `progress` is told rows done and rows in all. The row report
    goes to `report_path` if given, and is kept with the import. `by=None` is the system. A file that unpacks to more
    than `max_size` bytes is refused: not everybody can wait for it.
    Raises AudienceError (or NotAllowed) before anything is written; a dry run writes nothing at all.
    """
    name = file_name or (file.name if isinstance(file, Path) else Path(getattr(file, "name", None) or "archivo").name)
    with file_errors(), open_people(file, region=campaign.session.region, choice=choice) as table:
        if max_size is not None and table.format.size > max_size:
            raise AudienceError(
                "too_big", _("El archivo es demasiado grande: impórtalo con el comando import_recipients.")
            )
        plan = make_plan(campaign, table, mapping=mapping, by=by)
        _check_writable(report_path)
        record = None
        if not dry_run:
            columns = {**plan.mapping.as_json(), **choice.as_json()}
            record = retrying(
                lambda: open_record(campaign, fields=plan.preview.fields, mapping=columns, title=name, by=by, now=now)
            )
        return _run(plan, table, choice, record=record, now=now, progress=progress, report_path=report_path)


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
        choice = SheetChoice.from_json(record.mapping)
        region = record.campaign.session.region
        with (
            stored_file(record) as stored,
            file_errors(),
            open_people(stored, region=region, choice=choice) as table,
        ):
            plan = make_plan(record.campaign, table, mapping=mapping, by=record.by)
            fields, columns = plan.preview.fields, {**plan.mapping.as_json(), **choice.as_json()}
            retrying(lambda: adopt_record(record, fields=fields, mapping=columns, now=now))
            return _run(plan, table, choice, record=record, now=now, progress=progress, report_path=None)
    except Refused as error:
        close_record(record, state=RecipientImport.State.FAILED, now=now, error=str(error))
        raise


def _run(
    plan: Plan,
    table: Table,
    choice: SheetChoice,
    *,
    record: RecipientImport | None,
    now: dt.datetime,
    progress: Progress | None,
    report_path: Path | None,
) -> ImportReport:
    reader = RowReader(
        mapping=plan.mapping,
        fields=plan.preview.fields,
        region=plan.campaign.session.region,
        layout=plan.preview.layout,
        left_out=() if choice.hidden_rows else table.notes.hidden,
    )
    job = Job(
        campaign=plan.campaign,
        template=plan.template,
        batches=batches(reader.read(table.rows(exact={plan.mapping.phone}))),
        total=plan.preview.layout.records,
        record=record,
        now=now,
    )
    tally = run_job(job, progress=progress, report_path=report_path)
    return ImportReport(
        campaign_id=plan.campaign.pk,
        import_id=record.pk if record else None,
        dry_run=record is None,
        **tally.as_fields(),
        reasons=dict(tally.reasons),
        encoding=plan.preview.encoding,
        delimiter=plan.preview.delimiter,
        sheet=plan.preview.sheet,
        other_sheets=plan.preview.other_sheets,
        hidden_rows=plan.preview.hidden_rows,
        mapping=plan.mapping,
        fields=plan.preview.fields,
    )
