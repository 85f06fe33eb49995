"""An import at work, wherever its people come from: batch by batch, each row with its line in the report."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from campaigns.audience.batches import BatchWriter, Decision, Row, StayOut, nobody_stays_out
from campaigns.audience.import_record import close_record, interrupted, keep_report
from campaigns.audience.report import Result, RowReport
from campaigns.audience.seen_phones import seen_phones
from campaigns.errors import Refused
from campaigns.models import Campaign, RecipientImport
from campaigns.rendering import Template

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """People for a campaign. `batches` are read once, in their order, `total` rows or about that many.

    Without a `record` nothing is written. `limit` bounds how many are accepted.
    """

    campaign: Campaign
    template: Template
    batches: Iterable[Sequence[Row]]
    total: int
    record: RecipientImport | None
    now: dt.datetime
    limit: int | None = None
    stay_out: StayOut = nobody_stays_out


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tally:
    """What became of the rows; `reasons` counts the left-out ones by stable code."""

    results: Counter[Result]
    reasons: Counter[str]

    def as_fields(self) -> dict[str, int]:
        """The counters by their names."""
        return {"rows": self.results.total(), **{result.value: self.results[result] for result in Result}}


def run_job(job: Job, *, progress: Progress | None = None, report_path: Path | None = None) -> Tally:
    """Do it, keep the row report with its record (or at `report_path`), and close the record, whatever happens."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = report_path or Path(folder) / "informe.csv"
        try:
            tally = _write(job, path, progress=progress)
        except BaseException as error:
            if job.record:
                keep_report(job.record, path)
                refused = isinstance(error, Refused)
                close_record(
                    job.record,
                    state=RecipientImport.State.FAILED if refused else RecipientImport.State.INTERRUPTED,
                    now=_later(job.now, started),
                    error=str(error) if refused else interrupted(),
                )
            raise
        if job.record:
            keep_report(job.record, path)
            close_record(job.record, state=RecipientImport.State.DONE, now=_later(job.now, started))
            job.record.refresh_from_db()
    return tally


def _write(job: Job, path: Path, *, progress: Progress | None) -> Tally:
    tally = Tally(results=Counter(), reasons=Counter())
    with seen_phones() as seen, path.open("w", encoding="utf-8", newline="") as stream:
        report = RowReport(stream, region=job.campaign.session.region)
        writer = BatchWriter(
            job.campaign, template=job.template, seen=seen, record=job.record, now=job.now, stay_out=job.stay_out
        )
        for batch in job.batches:
            room = None if job.limit is None else job.limit - tally.results[Result.ACCEPTED]
            if room == 0:
                break
            for decision in writer.write(batch, room=room):
                tally.results[decision.result] += 1
                if decision.code:
                    tally.reasons[decision.code] += 1
                _report_line(report, decision)
            if progress:
                progress(batch[-1].row, job.total)
    return tally


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
