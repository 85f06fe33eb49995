"""What we export opens as data in any spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmaster.lib.tables.safe_csv import SafeCsvWriter, neutralised


@pytest.mark.parametrize(
    "value",
    [
        '=HYPERLINK("http://x.example","clic")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "＝1",
        "+54 9 351",
    ],
)
def test_what_would_start_a_formula_gets_an_apostrophe(value: str) -> None:
    assert neutralised(value) == f"'{value}"


@pytest.mark.parametrize(
    "value", ["María", "", "a=1", "12,5", "x, y", "+5493512743915", "+54 9 3512743915", "+598 99 123 456"]
)
def test_plain_data_and_phones_stay_as_they_are(value: str) -> None:
    assert neutralised(value) == value


@pytest.mark.parametrize(
    "value",
    ["x,=1+1,y", "x,=cmd|' /C calc'!A0,y", "3512743917,=1+2,", 'a,"=1', "b; @SUM(1)", "c\t-1", "d|＝1", "e\n+1+1"],
)
@pytest.mark.parametrize("separators", [(";", ","), (",", ";"), (";", "\t"), (",", "|")])
def test_no_formula_appears_where_another_separator_cuts_the_line(value: str, separators: tuple[str, str]) -> None:
    stream = io.StringIO(newline="")
    SafeCsvWriter(stream, delimiter=separators[0]).write(["2", value, "Ana"])
    # As a spreadsheet reads it: what follows a closing quote belongs to the cell.
    for record in csv.reader(io.StringIO(stream.getvalue(), newline=""), delimiter=separators[1]):
        for cell in record:
            assert not cell.lstrip(" \"'").startswith(tuple("=+-@＝")) or cell.lstrip(' "').startswith("'"), record


@settings(deadline=None)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4), max_size=4))
def test_every_cell_reads_back_harmless(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    writer = SafeCsvWriter(stream, delimiter=";")
    for row in rows:
        writer.write(row)
    read = list(csv.reader(io.StringIO(stream.getvalue(), newline=""), delimiter=";"))
    assert read == [[neutralised(cell) for cell in row] for row in rows]
    for cell in (cell for row in read for cell in row):
        assert not cell.lstrip().startswith(("=", "@", "-")), cell
        assert not cell.startswith("+") or cell[1:].replace(" ", "").isdigit()
