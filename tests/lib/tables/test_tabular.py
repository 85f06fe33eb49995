"""Files of any make become the same rows, or a refusal that says what to do."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadmaster.lib.tables.tabular import Format, TabularError, open_table
from tests.lib.tables.spreadsheets import csv_bytes, write_like_excel, xlsx_bytes

ROWS = [
    ["Teléfono", "Nombre", "Convenio", "Saldo"],
    ["+54 9 351 274-3915", "María Muñoz", "Convenio A", "65037,77"],
    ["351 15 3449786", "Peña; Hnos, S.A. | Cía", "", "-5"],
    ["5493512743915", 'Los "Tres"\nHermanos', "Convenio\tB", "1"],
    ["11-22", "Ñusta Álvarez", "Órdenes", "=1+1"],
]
ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1252",
    "latin-1",
    "cp850",
    "mac-roman",
]


def read(data: bytes) -> tuple[Format, list[list[str]]]:
    with open_table(io.BytesIO(data)) as table:
        return table.format, list(table.rows())


def outcome(data: bytes) -> list[list[str]] | TabularError:
    try:
        return read(data)[1]
    except TabularError as error:
        return error


def refusal(data: bytes) -> str:
    with pytest.raises(TabularError) as refused, open_table(io.BytesIO(data)) as table:
        table.count()
    assert refused.value.sentence
    return refused.value.code


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_and_separator_gives_the_same_rows(encoding: str, delimiter: str) -> None:
    found, rows = read(csv_bytes(ROWS, encoding=encoding, delimiter=delimiter))
    assert rows == ROWS
    assert found.delimiter == delimiter


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf16_with_its_mark_is_read_in_both_orders(mark: bytes) -> None:
    encoding = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    assert read(mark + csv_bytes(ROWS, encoding=encoding))[1] == ROWS


def test_a_workbook_gives_the_same_rows() -> None:
    found, rows = read(xlsx_bytes(ROWS))
    assert (found.kind, found.sheet, rows) == ("xlsx", "Clientes", ROWS)


def test_line_ends_of_every_system_are_line_ends() -> None:
    assert read(b"a;b\r\n1;2\r3;4\n5;6")[1] == [["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"]]


def test_rows_keep_the_number_that_the_spreadsheet_shows() -> None:
    assert read(b"a;b\n\n;\n1;2\n")[1] == [["a", "b"], [], ["", ""], ["1", "2"]]


def test_excels_own_separator_line_is_obeyed_and_is_no_row() -> None:
    found, rows = read("sep=|\r\ntel|nombre, y más\r\n1|Ana\r\n".encode("cp1252"))
    assert (found.delimiter, rows) == ("|", [["tel", "nombre, y más"], ["1", "Ana"]])


def test_a_decimal_comma_in_every_row_is_no_separator() -> None:
    assert read(b"tel;saldo\n1;2,5\n3;4,5\n")[0].delimiter == ";"


def test_a_title_above_the_table_does_not_hide_its_separator() -> None:
    assert read(b"Clientes\n\ntel;saldo\n1;2,5\n3;4,5\n")[0].delimiter == ";"


def test_a_single_column_is_a_table_too() -> None:
    assert read(b"3512743915\n3512743916\n")[1] == [["3512743915"], ["3512743916"]]


def test_utf8_with_a_byte_that_somebody_pasted_stays_utf8() -> None:
    text = "\n".join(f"351274{n};Ñandú Pérez" for n in range(20))
    found, rows = read(text.encode() + b"\n3512743915;Mu\xf1oz")
    assert found.encoding == "utf-8"
    assert rows[0][1] == "Ñandú Pérez"
    assert rows[-1][1] == "Muñoz"


def test_an_accent_far_down_the_file_still_decides_its_encoding() -> None:
    rows = [["tel", "nombre"], *([["3512743915", "Ana"]] * 20_000), ["3512743915", "Muñoz"]]
    assert read(csv_bytes(rows, encoding="cp1252"))[1][-1] == ["3512743915", "Muñoz"]
    assert read(csv_bytes(rows, encoding="utf-8"))[1][-1] == ["3512743915", "Muñoz"]


def test_cp1252_signs_that_latin1_lacks_come_through() -> None:
    assert read("tel;nombre\n1;“Añá” € – Œ\n".encode("cp1252"))[1][1][1] == "“Añá” € – Œ"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty"),
        ("\n".encode("utf-16"), "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100, "old_excel"),
        (b"%PDF-1.7 ...", "pdf"),
        (b"\x1f\x8b\x08....", "compressed"),
        (b"<html><body><table>", "markup"),
        (b"PK\x03\x04 cut short", "damaged"),
        (random.Random(1).randbytes(500), "binary"),
        (b"351274;" * 1_000_000, "binary"),
        ("tel;nombre\n1;Ana".encode("utf-16")[:-1], "encoding"),
    ],
)
def test_what_is_no_table_is_refused_by_its_kind(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_an_archive_without_a_workbook_is_told_from_a_damaged_one() -> None:
    whole = xlsx_bytes(ROWS)
    assert refusal(whole[: len(whole) // 2]) == "damaged"
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 0xFF
    found = outcome(bytes(flipped))
    assert found == ROWS or (isinstance(found, TabularError) and found.code == "damaged")


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(TabularError) as refused:
        open_table(Path("/nowhere/at/all.csv"))
    assert refused.value.code == "unreadable"


def test_rows_can_be_read_again_and_the_callers_stream_stays_open() -> None:
    stream = io.BytesIO(csv_bytes(ROWS))
    with open_table(stream) as table:
        assert table.head(2) == ROWS[:2]
        assert table.count() == len(ROWS)
        assert list(table.rows()) == ROWS
    assert not stream.closed


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\",;|'=-"), max_size=12
)
filled = cells.filter(lambda cell: bool(cell.strip()))


@given(
    st.lists(st.tuples(filled, cells, filled), min_size=2, max_size=8),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
@settings(max_examples=60, deadline=None)
def test_any_table_survives_the_round_trip_through_a_csv_with_tabs(
    rows: list[tuple[str, str, str]], encoding: str
) -> None:
    # A tab is the one separator that no cell has here, and all three columns are wide enough to be seen.
    header = ("teléfono", "nombre", "saldo")
    expected = [list(header), *([*map(_one_line_end, row)] for row in rows)]
    assert read(csv_bytes(expected, encoding=encoding, delimiter="\t"))[1] == expected


@given(st.lists(st.tuples(filled, cells, filled), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_table_survives_the_round_trip_through_a_workbook(rows: list[tuple[str, str, str]]) -> None:
    expected = [[*map(_one_line_end, row)] for row in rows]
    as_excel = io.BytesIO()
    write_like_excel(as_excel, expected)
    assert read(xlsx_bytes(expected))[1] == expected
    assert read(as_excel.getvalue())[1] == expected


def _one_line_end(cell: str) -> str:
    """Unicode has line ends that only Python takes for some; files have no more of them than `\\n`."""
    return cell.replace("\u2028", " ").replace("\u2029", " ").replace("\x85", " ")


@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b"PK\x03\x04")
@example(b"\x00")
@example(b'"')
@example(b"sep=")
@example(b"\xef\xbb\xbf\xff")
@example("ñ".encode("utf-16-be"))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_rows_or_a_refusal(data: bytes) -> None:
    found = outcome(data)
    if isinstance(found, TabularError):
        assert found.sentence
    else:
        assert all("\x00" not in cell for row in found for cell in row)


@given(st.integers(0, 5000), st.binary(min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_a_workbook_with_any_damage_is_rows_or_a_refusal(at: int, noise: bytes) -> None:
    data = bytearray(WORKBOOK)
    at %= len(data)
    data[at : at + len(noise)] = noise
    found = outcome(bytes(data))
    assert isinstance(found, list) or found.sentence


WORKBOOK = xlsx_bytes(ROWS)
