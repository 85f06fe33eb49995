"""Workbooks: cells as people read them, and archives that only claim to be one."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable

import pytest
from openpyxl import Workbook

from leadmaster.lib.tables.tabular import TabularError, open_table
from tests.lib.tables.spreadsheets import write_like_excel, xlsx_bytes


def saved(book: Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def rows_of(data: bytes, *, decimal: str = ",") -> list[list[str]]:
    with open_table(io.BytesIO(data), decimal=decimal) as table:
        return list(table.rows())


def code_of(data: bytes) -> str:
    with pytest.raises(TabularError) as refused:
        rows_of(data)
    return refused.value.code


def rewritten(data: bytes, member: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one of its parts changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            text = source.read(name)
            copy.writestr(name, change(text.decode()).encode() if name == member else text)
    return target.getvalue()


def archive(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name, data in members.items():
            made.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return target.getvalue()


MOMENT = dt.datetime(2026, 1, 2, 10, 30)  # noqa: DTZ001 - a workbook knows no zones
SHEET = "xl/worksheets/sheet1.xml"


def test_cells_read_as_people_see_them() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Teléfono", "Saldo", "Alta", "Turno", "Activo", "Suma"])
    sheet.append([5493512743915, 65037.77, dt.date(2026, 1, 2), MOMENT, True, "=1+1"])
    sheet.append([5493512743915.0, 0.1 + 0.2, dt.time(9, 5), None, False, "#N/A"])
    sheet["F3"].data_type = "e"
    assert rows_of(saved(book))[1:] == [
        ["5493512743915", "65037,77", "02/01/2026", "02/01/2026 10:30", "Sí", ""],
        ["5493512743915", "0,3", "09:05", "", "No", ""],
    ]
    assert rows_of(saved(book), decimal=".")[1][1] == "65037.77"


def test_dates_of_an_old_mac_are_the_same_dates() -> None:
    book = Workbook()
    book.epoch = dt.datetime(1904, 1, 1)  # noqa: DTZ001 - openpyxl's own constant is naive
    assert book.active is not None
    book.active.append([dt.date(2026, 1, 2)])
    assert rows_of(saved(book)) == [["02/01/2026"]]


def test_gaps_keep_rows_and_columns_in_their_places() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B2"] = "x"
    sheet["AA4"] = "y"
    assert rows_of(saved(book)) == [[], ["", "x"], [], [*[""] * 26, "y"]]


def test_cells_without_positions_follow_each_other() -> None:
    plain = rewritten(xlsx_bytes([["a", "b"], ["c"]]), SHEET, lambda xml: re.sub(r' r="[A-Z0-9]+"', "", xml))
    assert rows_of(plain) == [["a", "b"], ["c"]]


def test_the_first_visible_sheet_with_data_is_read() -> None:
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.title = "Listas"
    hidden.append(["no"])
    hidden.sheet_state = "hidden"
    book.create_sheet("Vacía")
    book.create_sheet("Clientes").append(["351"])
    with open_table(io.BytesIO(saved(book))) as table:
        assert (table.format.sheet, list(table.rows())) == ("Clientes", [["351"]])


def test_rich_text_and_escapes_are_plain_text() -> None:
    def rich(xml: str) -> str:
        return re.sub("<t[^>]*>PLAIN</t>", "<r><t>Ma</t></r><r><t>ría</t></r><rPh><t>x</t></rPh>", xml)

    target = io.BytesIO()
    write_like_excel(target, [["PLAIN", "a_x000D_b_x005F_c"]])
    shared = rewritten(target.getvalue(), "xl/sharedStrings.xml", rich)
    inline = rewritten(xlsx_bytes([["PLAIN", "a_x000D_b_x005F_c"]]), SHEET, rich)
    assert rows_of(shared) == rows_of(inline) == [["María", "a\rb_c"]]


def test_a_shared_string_that_is_not_there_is_refused() -> None:
    target = io.BytesIO()
    write_like_excel(target, [["a"]])
    assert code_of(rewritten(target.getvalue(), SHEET, lambda xml: xml.replace("<v>0", "<v>7"))) == "damaged"


def test_a_forged_row_number_produces_no_million_rows() -> None:
    forged = rewritten(xlsx_bytes([["a"]]), SHEET, lambda xml: xml.replace('r="1"', 'r="99999999999"'))
    assert code_of(forged) == "damaged"


def test_entities_are_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    data = rewritten(xlsx_bytes([["a"]]), SHEET, lambda xml: bomb + re.sub(r"<\?xml.*?\?>", "", xml))
    assert code_of(data) == "damaged"


def test_a_cell_beyond_excels_own_limit_is_refused() -> None:
    assert (
        code_of(rewritten(xlsx_bytes([["a"]]), SHEET, lambda xml: xml.replace(">a<", f">{'a' * 200_000}<")))
        == "damaged"
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (archive(content_dot_xml=b"<x/>"), "ods"),
        (archive(xl__workbook_dot_bin=b"x"), "xlsb"),
        (archive(word__document_dot_xml=b"<x/>"), "compressed"),
        (archive(clientes_dot_csv=b"351;Ana"), "compressed"),
        (archive(xl__workbook_dot_xml=b"<x/>"), "damaged"),
    ],
)
def test_archives_that_are_no_workbook_say_what_they_are(data: bytes, code: str) -> None:
    assert code_of(data) == code


@pytest.mark.parametrize("rename", [lambda name: name.replace("/", "\\"), str.upper, str.lower])
def test_parts_are_found_however_an_exporter_writes_their_names(rename: Callable[[str], str]) -> None:
    target = io.BytesIO()
    write_like_excel(target, [["351", "Ana"]])
    renamed = io.BytesIO()
    with zipfile.ZipFile(target) as source, zipfile.ZipFile(renamed, "w") as copy:
        for name in source.namelist():
            copy.writestr(rename(name), source.read(name))
    assert rows_of(renamed.getvalue()) == [["351", "Ana"]]


def test_a_book_without_anything_in_it_is_empty() -> None:
    assert code_of(saved(Workbook())) == "empty"
