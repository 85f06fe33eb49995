"""Whatever happened to a file: each message is right, or its row is left out by name, or the file is refused."""

from __future__ import annotations

import dataclasses
import io

import pytest

from campaigns.audience.errors import AudienceError, file_errors
from campaigns.audience.mapping import known_fields
from campaigns.audience.preview import preview_of
from campaigns.audience.rows import BadRow, RowReader
from campaigns.parsing import parse
from campaigns.rendering import MissingValuesError, values_of
from leadmaster.lib.phones.parsing import Phone, normalise
from leadmaster.lib.tables.tabular import open_table
from tests.campaigns.audience.pollution import HARMLESS, POLLUTIONS, TEMPLATE, Case, Row, message_of, polluted

SEEDS = range(20)
KINDS = {pollution.__name__.strip("_"): at for at, pollution in enumerate(POLLUTIONS)}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Messages by phone, and what the report says of the others."""

    messages: dict[str, str]
    report: list[str]


def outcome(case: Case) -> Outcome | None:
    """None when the file is refused."""
    template = parse(TEMPLATE)
    try:
        with file_errors(), open_table(io.BytesIO(case.data)) as table:
            preview = preview_of(table, region="AR", whole=True)
            if not preview.guess or template.unknown(known_fields(preview.fields, mapping=preview.guess)):
                return None
            reader = RowReader(mapping=preview.guess, fields=preview.fields, region="AR", layout=preview.layout)
            rows = list(reader.read(table.rows()))
    except AudienceError:
        return None
    found = Outcome({}, [])
    for row in rows:
        if isinstance(row, BadRow):
            found.report.append(f"{row.raw_phone} {row.name} {row.sentence}")
            continue
        try:
            found.messages.setdefault(row.phone, template.render(values_of(row.name, row.values), seed=row.phone))
        except MissingValuesError:
            found.report.append(f"{row.raw_phone} {row.name}")
    return found


def e164(row: Row) -> str:
    phone = normalise(row[1], "AR")
    assert isinstance(phone, Phone)
    return phone.e164


def is_named(row: Row, report: list[str]) -> bool:
    name = row[0].split()[0].strip('",')
    return any(row[1] in line or name in line for line in report)


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_is_right_or_its_row_is_left_out_by_name(kind: str) -> None:
    right = 0
    for seed in SEEDS:
        case = polluted(KINDS[kind] + seed * len(POLLUTIONS))
        assert case.kind == kind
        found = outcome(case)
        assert found is not None or kind not in HARMLESS, case
        if found is None:
            continue
        expected = {e164(row): message_of(row) for row in case.people}
        sure = {e164(row): row for row in case.people if row not in case.unknowable}
        for phone, message in found.messages.items():
            if phone in sure:
                assert " ".join(message.split()) == " ".join(expected[phone].split()), case
                right += 1
            assert phone in expected, case
        left_out = [row for phone, row in sure.items() if phone not in found.messages]
        assert all(is_named(row, found.report) for row in left_out), (case, found.report)
        assert not left_out or kind not in HARMLESS, (case, found.report)
    assert right > 20, "a reader that refuses everything is safe and of no use"
