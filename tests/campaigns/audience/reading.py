"""What an import left behind, for assertions."""

from __future__ import annotations

import csv
import io
from collections import Counter

from campaigns.audience import ImportReport
from campaigns.audience.clients import AddReport
from campaigns.models import Campaign, Envio, RecipientImport


def counts(report: ImportReport | RecipientImport) -> dict[str, int]:
    """The counters that are not zero, without the sum."""
    names = ("accepted", "duplicates", "invalid", "opted_out", "already_there")
    found = {name: getattr(report, name) for name in names if getattr(report, name)}
    assert sum(found.values()) == report.rows
    return found


def report_lines(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff"), "Excel reads UTF-8 only with its mark"
    delimiter = ";" if text.splitlines()[0].count(";") else ","
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=delimiter))


def record_of(report: ImportReport | AddReport) -> RecipientImport:
    assert report.import_id is not None
    return RecipientImport.objects.get(pk=report.import_id)


def kept_report(import_id: int | None) -> list[dict[str, str]]:
    assert import_id is not None
    record = RecipientImport.objects.get(pk=import_id)
    with record.report.open("rb") as stream:
        return report_lines(stream.read().decode("utf-8"))


def by_result(lines: list[dict[str, str]]) -> Counter[str]:
    return Counter(line["Resultado"] for line in lines)


def texts(campaign: Campaign) -> dict[str, str]:
    return dict(Envio.objects.filter(campaign=campaign).values_list("phone", "text"))
