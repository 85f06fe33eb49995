"""Small files that ask for enormous work are refused by what they declare or soon after they begin.

Work is counted in bytes that came out of the archive and cells that were laid out, never by a clock.
"""

from __future__ import annotations

import io

import pytest

from leadmaster.lib.tables.tabular import TabularError, open_table
from leadmaster.lib.xlsx import archive as archive_module
from leadmaster.lib.xlsx.limits import MAX_STYLES, Budget
from tests.lib.xlsx.bombs import MAIN, PERSON, SHEET, Part, archive, noise, sheet, text, workbook

CELLS_IN_ONE_ROW = b'<row r="1">'
XFD = b'<row><c r="XFD%d" t="inlineStr"><is><t>x</t></is></c></row>'
STYLE_SHEET = f'<styleSheet xmlns="{MAIN}"><cellXfs>'.encode()
STYLES_END = b"</cellXfs></styleSheet>"
SST = f'<sst xmlns="{MAIN}">'.encode()
ONE_STRING = b'<row><c t="s"><v>0</v></c></row>'
MIB = 1 << 20


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[Budget]:
    """What was spent on each workbook that the test opens."""
    made: list[Budget] = []

    def budget(size: int) -> Budget:
        made.append(Budget(size))
        return made[-1]

    monkeypatch.setattr(archive_module, "Budget", budget)
    return made


def read(data: bytes) -> None:
    with open_table(io.BytesIO(data)) as table:
        table.head(60)
        table.count()


def refused(data: bytes) -> TabularError:
    """How the file is refused by whoever looks at it, or else by whoever reads it whole."""
    with pytest.raises(TabularError) as error:
        read(data)
    assert error.value.sentence
    return error.value


BOMBS = {
    "3 M cells without a reference": (workbook(sheet(b"<c/>", 3_000_000, head=b"<row>", tail=b"</row>")), "inflated"),
    "60 M cells in a row": (workbook(sheet(b"<c/>", 60_000_000, head=CELLS_IN_ONE_ROW, tail=b"</row>")), "inflated"),
    "30 M styles": (
        workbook(styles=Part(STYLE_SHEET, b'<xf numFmtId="14"/>', 30_000_000, STYLES_END)),
        "inflated",
    ),
    "an attribute of 1 GB": (workbook(sheet(b"x" * 1024, MIB, head=b'<row r="', tail=b'"></row>')), "inflated"),
    "2.9 GB of blanks": (workbook(sheet(b" " * 1024, 2_900_000, head=PERSON)), "too_big"),
    "20,000 rows with one cell in XFD": (
        workbook(sheet(b'<row><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>', 20_000)),
        "too_many_columns",
    ),
    "30 M shared strings": (
        workbook(sheet(ONE_STRING, 1), strings=Part(SST, b"<si/>", 30_000_000, b"</sst>")),
        "inflated",
    ),
    "20 M nested elements": (workbook(sheet(b"<a>", 20_000_000)), "inflated"),
    "a comment of 500 MB": (workbook(sheet(b"x" * 1024, 500_000, head=b"<!--", tail=b"-->")), "inflated"),
    "3 M merged cells": (workbook(sheet(b'<mergeCell ref="A1:B1"/>', 3_000_000, head=PERSON)), "inflated"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_archive_of_enormous_parts_is_refused_by_what_it_declares(name: str, budgets: list[Budget]) -> None:
    data, code = BOMBS[name]
    assert len(data) < 4 * MIB

    assert refused(data).code == code

    assert sum(budget.unpacked for budget in budgets) < MIB
    assert sum(budget.laid for budget in budgets) < 1_000


# The same with parts that are as big in the archive: what they declare is in order, so it is what comes out that counts.
STORED = {
    "cells without a reference": (
        sheet(b"<c/>", 400_000, head=PERSON + b"<row>", tail=b"</row>", stored=True),
        "too_many_columns",
    ),
    "filled cells without a reference": (
        sheet(b"<c><v>1</v></c>", 20_000, head=b"<row>", tail=b"</row>", stored=True),
        "too_many_columns",
    ),
    "a filled cell in XFD": (sheet(b'<row><c r="XFD1"><v>1</v></c></row>', 2_000, stored=True), "too_many_columns"),
    "a long attribute": (sheet(b"x" * 1024, 4_000, head=b'<row r="', tail=b'"></row>', stored=True), "damaged"),
    "a long comment": (sheet(b"x" * 1024, 4_000, head=b"<!--", tail=b"-->", stored=True), "damaged"),
    "nested elements": (sheet(b"<a>", 400_000, stored=True), "damaged"),
    "a type declaration": (Part(b'<!DOCTYPE x [<!ENTITY a "aaaa">]>', b" " * 1024, 2_000, stored=True), "damaged"),
}


@pytest.mark.parametrize("name", STORED)
def test_what_asks_for_too_much_is_refused_where_it_begins(name: str, budgets: list[Budget]) -> None:
    part, code = STORED[name]

    assert refused(workbook(part)).code == code

    assert sum(budget.unpacked for budget in budgets) < 3 * MIB
    assert sum(budget.laid for budget in budgets) < 20_000


def test_more_styles_than_excel_has_are_refused_at_the_first_that_is_too_many(budgets: list[Budget]) -> None:
    xf = b'<xf numFmtId="14"/>'
    stored = Part(STYLE_SHEET, xf, 4 * MAX_STYLES, STYLES_END, stored=True)

    assert refused(workbook(styles=stored)).code == "too_many_styles"

    assert budgets[0].unpacked < (MAX_STYLES + 10_000) * len(xf)


def test_as_many_styles_as_excel_has_are_read() -> None:
    styles = Part(STYLE_SHEET, b'<xf numFmtId="0"/>', MAX_STYLES, STYLES_END, stored=True)
    with open_table(io.BytesIO(workbook(styles=styles))) as table:
        assert table.count() == 2


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        (b'<row r="1"><c r="A1" s="1"/></row>', "too_many_cells"),
        (b"<row/>", "too_many_rows"),
        (b'<c r="A1" s="1"/>', "too_many_cells"),
    ],
)
def test_tags_are_bounded_by_the_weight_of_the_archive(unit: bytes, code: str, budgets: list[Budget]) -> None:
    """Just below the ratio that is refused: a comment that does not compress makes room for a lot that does."""
    part = sheet(unit, 30_000_000 // len(unit), head=PERSON + b"<!--" + noise(100_000) + b"-->")

    assert refused(workbook(part)).code == code

    assert max(budget.tags for budget in budgets) < 1_500_000


def test_a_long_string_that_every_cell_shows_is_written_a_bounded_number_of_times(budgets: list[Budget]) -> None:
    strings = text(SST + b"<si><t>" + b"x" * 30_000 + b"</t></si></sst>")
    data = workbook(sheet(ONE_STRING, 50_000), strings=strings)

    assert refused(data).code == "too_much_text"

    assert max(budget.laid for budget in budgets) < 20 * MIB


def test_a_far_column_in_many_rows_is_laid_out_a_bounded_number_of_times(budgets: list[Budget]) -> None:
    rows = b'<row><c r="A1"/><c r="ALL1"><v>1</v></c></row>'

    assert refused(workbook(sheet(rows, 60_000))).code == "too_much_text"

    assert max(budget.laid for budget in budgets) < 20 * MIB


def test_formatted_cells_beyond_the_table_are_no_columns_of_it() -> None:
    data = workbook(sheet(b'<row><c r="A1"><v>3512743915</v></c><c r="ALL1" s="1"/><c r="XFD1" s="1"/></row>', 30_000))
    with open_table(io.BytesIO(data)) as table:
        assert {tuple(row) for row in table.rows()} == {("3512743915",)}


def test_many_sheets_are_refused_before_any_is_read(budgets: list[Budget]) -> None:
    assert refused(workbook(sheets=5_000)).code == "too_many_sheets"
    assert budgets[0].unpacked < MIB


def test_what_follows_the_data_is_not_read(budgets: list[Budget]) -> None:
    merged = b'<mergeCells><mergeCell ref="A1:B1"/></mergeCells>'
    data = workbook(
        Part(
            b"".join([sheet(b"", 0, head=PERSON).head, b"</sheetData>"]), merged, 100_000, b"</worksheet>", stored=True
        )
    )

    with open_table(io.BytesIO(data)) as table:
        assert table.count() == 2

    assert max(budget.unpacked for budget in budgets) < MIB // 4


def test_rows_beyond_excels_last_are_refused() -> None:
    last = b'<row r="1048574"><c><v>1</v></c></row>'
    assert refused(workbook(sheet(b"<row><c><v>1</v></c></row>", 3, head=last))).code == "too_many_rows"
    assert refused(workbook(sheet(b'<row r="1"><c><v>1</v></c></row>', 3, head=last))).code == "too_many_rows"


@pytest.mark.parametrize("overlapping", [1, 2_000])
def test_parts_that_share_their_bytes_are_refused(overlapping: int) -> None:
    person = Part(sheet(b"", 0, head=PERSON).head + b"</sheetData></worksheet>" + b" " * 400)
    parts = {
        "xl/workbook.xml": text("<workbook/>"),
        "xl/_rels/workbook.xml.rels": text("<Relationships/>"),
        SHEET: Part(person.head, b" ", 0, noise(2_000)),
    }
    assert refused(archive(parts, overlapping=overlapping)).code == "damaged"


def test_a_part_that_unpacks_to_more_than_it_says_is_cut_there(budgets: list[Budget]) -> None:
    honest = sheet(b" " * 1024, 100_000, head=PERSON)
    lying = Part(honest.head, honest.unit, honest.times, honest.tail, claims=50_000)

    assert refused(workbook(lying)).code == "damaged"

    assert max(budget.unpacked for budget in budgets) <= 64 * 1024


def test_a_part_that_claims_to_be_packed_bigger_than_the_archive_is_refused() -> None:
    data = bytearray(workbook(sheet(b"<c/>", 3_000_000, head=b"<row>")))
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    at = data.index(b"PK\x01\x02", at + 4)  # the sheet's entry in the directory
    data[at + 20 : at + 24] = (1 << 30).to_bytes(4, "little")
    assert refused(bytes(data)).code == "damaged"


def test_a_directory_of_tens_of_thousands_of_parts_is_not_read() -> None:
    parts = {f"x/{number:040d}": text(b"") for number in range(30_000)}
    assert refused(archive(parts)).code == "damaged"


# --- CSV ----------------------------------------------------------------------------------------------------------


def test_ten_thousand_columns_of_a_csv_are_refused() -> None:
    line = b";".join(b"c%d" % number for number in range(10_000))
    assert refused(line + b"\n" + line).code == "too_many_columns"


@pytest.mark.parametrize("line", [1 << 10, 1 << 16, 1 << 21, 1 << 24])
def test_sixteen_megabytes_of_separators_are_refused(line: int) -> None:
    data = (b"a" + b"," * (line - 2) + b"\n") * ((1 << 24) // line)
    if line == 1 << 10:
        with open_table(io.BytesIO(data)) as table:
            assert {len(record) for record in table.head(60)} == {1_000}
    else:
        assert refused(data).code in {"too_many_columns", "binary"}
