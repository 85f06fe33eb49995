"""A row is used only where its cells are known to stand under their own headings."""

from __future__ import annotations

import io

import pytest

from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.tables.layout import Layout, Misfit, layout_of
from leadmaster.lib.tables.tabular import open_table

HEADER = ["nombre", "telefono", "monto", "nota"]
FULL = ["Ana", "3512743915", "100", "vip"]


def layout(rows: list[list[str]], *, delimiter: str = ";", header: list[str] = HEADER) -> Layout:
    return layout_of([header, *rows], header_row=1, header=header, delimiter=delimiter)


def test_a_row_as_wide_as_the_header_stays_as_it_is() -> None:
    found = layout([FULL] * 3)
    assert found.fit(2, FULL) is FULL
    assert (found.width, found.records, found.filled) == (4, 4, 3)


def test_blank_cells_at_the_end_may_be_left_out_where_that_is_the_files_habit() -> None:
    short = ["Eva", "3512743916", "50"]
    habit = layout([FULL, FULL, short, short, short])
    assert habit.fit(4, short) == [*short, ""]
    assert habit.fit(4, ["Eva", "351274391650", "x"]) is Misfit.MISSING_CELLS, "the amounts of this file are no words"
    assert layout([FULL] * 20 + [short]).fit(22, short) is Misfit.MISSING_CELLS


def test_a_short_row_that_ends_in_a_blank_cell_lacks_one_before_it() -> None:
    joined = ["Eva", "351274391650", ""]
    assert layout([FULL] * 5 + [joined] * 3).fit(3, joined) is Misfit.MISSING_CELLS


def test_excel_leaves_blank_cells_out_in_blocks_of_sixteen_rows() -> None:
    full, short, blank = FULL, ["Eva", "3512743916", "50"], ["Luz", "3512743917", ""]
    rows = [full] * 14 + [["Paz", "3512743918", "1", ""]] + [short] * 15 + [blank] + [full] * 16 + [short] * 3
    found = layout(rows)
    assert found.fit(17, short) == [*short, ""]
    assert found.fit(32, blank) == [*blank, ""]
    assert found.fit(51, short) == [*short, ""]
    assert found.fit(33, short) is Misfit.MISSING_CELLS, "its block is full"


def test_the_last_row_of_a_file_that_was_cut_is_no_block() -> None:
    rows = [FULL] * 31 + [["Eva", "3512743916"]]
    assert layout(rows).fit(33, rows[-1]) is Misfit.MISSING_CELLS


def test_a_header_with_blank_headings_at_its_end_is_as_wide_as_the_rows() -> None:
    found = layout([FULL] * 2, header=[*HEADER, "", ""])
    assert (found.width, found.fit(2, FULL)) == (4, FULL)


def test_notes_beside_a_few_rows_cost_those_rows_only() -> None:
    padded = [*FULL, ""]
    found = layout([padded] * 40 + [[*FULL, "llamar"]])
    assert found.fit(2, padded) == FULL
    assert found.fit(42, [*FULL, "llamar"]) is Misfit.EXTRA_CELLS


@pytest.mark.parametrize(
    "rows",
    [
        [["Ana", "351", "1", "2", "x"]] * 3,
        [["Ana", "351", "1"]] * 3,
        [["Ana", "351", "1", "50", "x"], ["Eva", "351", "1", "x"], ["Luz", "351", "1", "20", "x"]],
    ],
    ids=["wider", "narrower", "cut amounts in most rows"],
)
def test_a_header_that_disagrees_with_most_rows_is_refused(rows: list[list[str]]) -> None:
    with pytest.raises(TabularError) as refused:
        layout(rows, delimiter=",")
    assert refused.value.code == "widths"
    assert "4 columnas" in refused.value.sentence


def test_a_workbook_has_no_separators_to_lose() -> None:
    found = layout([FULL, ["Eva"], [*FULL, "nota al margen"]], delimiter="")
    assert found.fit(3, ["Eva"]) == ["Eva"]
    assert found.fit(4, [*FULL, "nota al margen"]) == [*FULL, "nota al margen"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"\xff\xd8\xff\xe0..JFIF", "picture"),
        (b"SQLite format 3\x00....", "database"),
        (b"{\\rtf1\\ansi Ana}", "document"),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00", "old_excel"),
        (b"BZh91AY&SY", "compressed"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "calendar"),
        ("<html><table>".encode("utf-16"), "markup"),
        (bytes(range(1, 32)) * 30, "binary"),
    ],
)
def test_other_files_say_what_they_are(data: bytes, code: str) -> None:
    with pytest.raises(TabularError) as refused, open_table(io.BytesIO(data)):
        pass
    assert refused.value.code == code


def test_a_table_that_begins_like_markup_or_data_is_still_a_table() -> None:
    with open_table(io.BytesIO(b"{saldo};[x];<b>\n1;2;3\n")) as table:
        assert list(table.rows()) == [["{saldo}", "[x]", "<b>"], ["1", "2", "3"]]
