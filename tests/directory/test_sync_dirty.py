"""Sources as bad as they come: no row of theirs stops the others, closes a client who is there, or goes uncounted."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from leadmaster.directory.models import Client, ContactPoint, SyncState
from leadmaster.directory.sync import SyncError, SyncReport
from leadmaster.directory.sync.mapping import Mapping
from tests.directory.conftest import NOW, sync

pytestmark = pytest.mark.django_db

_COLUMNS = (
    "nombre", "apellidos", "rfc", "convenio", "estado", "municipio", "tipo_cliente", "capacidad", "fecha_alta",
)  # fmt: skip
_MOMENT = "2026-01-01 10:00:00"


def a_base(folder: Path, ids: Iterable[Any], *, id_type: str = "TEXT", moment: str = _MOMENT) -> Path:
    """One row per id, in a table that asks nothing of what it holds."""
    path = folder / "dirty.sqlite3"
    with sqlite3.connect(path) as base:
        base.execute(f"CREATE TABLE clientes (id {id_type}, {', '.join(_COLUMNS)}, actualizado)")
        base.execute("CREATE TABLE datos_contacto (cliente_id, tipo, valor, principal)")
        base.executemany("INSERT INTO clientes (id, actualizado) VALUES (?, ?)", [(one, moment) for one in ids])
    return path


def run(path: Path, sql: str, *parameters: Any) -> None:
    with sqlite3.connect(path) as base:
        base.execute(sql, parameters)


def there() -> dict[str, bool]:
    """Every client, and whether they can still be drawn."""
    return {client.external_id: client.gone_at is None for client in Client.objects.all()}


def told(report: SyncReport) -> dict[str, Any]:
    return {name: value for name, value in report.as_dict().items() if value and name != "unreachable"}


# --- Ids ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
def test_a_page_full_of_rows_without_an_id_hides_nobody_behind_it(full: bool, tmp_path: Path) -> None:
    path = a_base(tmp_path, [*[None] * 30, *(f"A{n}" for n in range(10))])

    report = sync(path, batch=10, full=full)

    assert told(report) == {"read": 10, "new": 10, "without_id": 30}
    assert len(there()) == 10


@pytest.mark.parametrize(
    ("id_type", "ids"),
    [
        ("INTEGER", [1, 2, -5]),
        ("TEXT", [" 12", "13 ", "14"]),
        ("", [1, -2, "A1", "07", 7.5]),
        ("REAL", [1.0, 2.5]),
    ],
    ids=["negative", "padded", "of every type", "fractions"],
)
def test_nobody_who_is_there_is_closed_for_how_their_id_is_written(
    id_type: str, ids: list[Any], tmp_path: Path
) -> None:
    path = a_base(tmp_path, ids, id_type=id_type)

    first, again = sync(path, batch=2, full=True), sync(path, batch=2, full=True)

    assert told(first) == {"read": len(ids), "new": len(ids)}
    assert told(again) == {"read": len(ids), "unchanged": len(ids)}
    assert there() == {str(one).strip(): True for one in ids}


@pytest.mark.parametrize("id_type", ["INTEGER", "TEXT", ""])
def test_who_is_gone_is_found_all_the_same(id_type: str, tmp_path: Path) -> None:
    path = a_base(tmp_path, [1, 2, -5], id_type=id_type)
    sync(path, full=True)
    run(path, "DELETE FROM clientes WHERE id IN (2, '2')")

    assert sync(path, batch=2, full=True).gone == 1
    assert there() == {"1": True, "2": False, "-5": True}


def test_a_repeated_id_is_no_missing_one(tmp_path: Path) -> None:
    path = a_base(tmp_path, ["1", "1", "2", "", "x" * 65])

    assert told(sync(path)) == {"read": 2, "new": 2, "repeated": 1, "without_id": 2}


def test_ids_of_bytes_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SyncError, match=r"datos binarios.*HEX"):
        sync(a_base(tmp_path, [b"\x01\xff"], id_type="BLOB"))


# --- Texts --------------------------------------------------------------------------------------------------------------


def test_a_text_in_an_old_encoding_is_read_and_stops_nobody(tmp_path: Path) -> None:
    path = a_base(tmp_path, ["1", "2", "3"])
    run(path, "UPDATE clientes SET nombre = CAST(x'4A6F73E9' AS TEXT) WHERE id = '1'")
    run(path, "UPDATE clientes SET nombre = x'4A6F73E9' WHERE id = '2'")
    run(path, "UPDATE clientes SET nombre = 'José' WHERE id = '3'")
    run(
        path,
        "INSERT INTO datos_contacto VALUES ('1', CAST(x'63E9' AS TEXT), CAST(x'FF20' AS TEXT) || '33 1234 5678', 1)",
    )

    report = sync(path)

    assert (report.read, report.new) == (3, 3)
    assert set(Client.objects.values_list("name", flat=True)) == {"José"}
    assert ContactPoint.objects.get().label == "cé"


def test_words_of_any_alphabet_and_length_come_in_tidied(tmp_path: Path) -> None:
    path = a_base(tmp_path, ["1"])
    run(path, "UPDATE clientes SET nombre = ?", "  Ana\x00\t\n😀 \u202e " + "ñ" * 5_000)
    run(path, "INSERT INTO datos_contacto VALUES ('1', ?, ?, 'sí')", "t" * 500, "9" * 5_000)

    sync(path)

    assert Client.objects.get().name.startswith("Ana 😀 \u202e ñ")
    assert len(Client.objects.get().name) == 160
    assert ContactPoint.objects.get().is_valid is False


# --- Numbers and dates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("999999999999.999", None),  # rounded, it is more than the column holds
        ("999999999999.99", "999999999999.99"),
        ("1e400", None),
        ("NaN", None),
        ("1.234,5", "1234.50"),
        ("1,234.5", "1234.50"),
        ("$ 5", "5.00"),
        ("5 cajas", None),
        (-5, "-5.00"),
    ],
)
def test_a_capacity_is_what_the_column_holds_or_is_counted_as_unreadable(
    written: object, kept: str | None, tmp_path: Path
) -> None:
    path = a_base(tmp_path, ["1"])
    run(path, "UPDATE clientes SET capacidad = ?", written)

    report = sync(path)

    capacity = Client.objects.get().capacity
    assert (None if capacity is None else str(capacity)) == kept
    assert report.unreadable == (kept is None)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0000-00-00", None),
        ("2026-02-30", None),
        ("ayer", None),
        (0, None),
        ("31/12/2025", dt.date(2025, 12, 31)),
        ("2026-01-01T10:00:00Z", dt.date(2026, 1, 1)),
        ("9999-12-31", dt.date(9999, 12, 31)),
    ],
)
def test_a_date_that_is_none_is_counted_and_keeps_nobody_out(
    written: object, kept: dt.date | None, tmp_path: Path
) -> None:
    path = a_base(tmp_path, ["1"])
    run(path, "UPDATE clientes SET fecha_alta = ?", written)

    report = sync(path)

    assert (Client.objects.get().registered_on, report.unreadable) == (kept, kept is None)


def test_the_end_of_time_as_a_moment_does_not_have_everybody_read_for_ever(tmp_path: Path) -> None:
    """9999-12-31 23:59:59 is what many write for "never"; in Mexico that is no moment in UTC any more."""
    path = a_base(tmp_path, ["1", "2", "3"])
    run(path, "UPDATE clientes SET actualizado = '9999-12-31 23:59:59' WHERE id = '3'")

    first, again = sync(path), sync(path, now=NOW + dt.timedelta(hours=1))

    assert (first.read, first.new) == (3, 3)
    assert (again.read, again.unchanged) == (1, 1)
    assert SyncState.objects.get().cursor == "2026-03-01 07:00:00"


def test_a_change_after_such_a_moment_is_seen(tmp_path: Path) -> None:
    path = a_base(tmp_path, ["1", "2"])
    run(path, "UPDATE clientes SET actualizado = '9999-12-31 23:59:59' WHERE id = '2'")
    sync(path)
    run(path, "UPDATE clientes SET nombre = 'Otra', actualizado = '2026-03-01 06:30:00' WHERE id = '1'")

    assert sync(path, now=NOW + dt.timedelta(hours=1)).changed == 1


def test_columns_of_phones_in_another_encoding_are_read_too(tmp_path: Path) -> None:
    path = a_base(tmp_path, ["1"])
    run(path, "ALTER TABLE clientes ADD COLUMN telefono")
    run(path, "UPDATE clientes SET telefono = CAST('33 1234 5678' AS BLOB)")

    sync(path, mapping=Mapping(contacts="", contact_columns=("telefono",)))

    assert ContactPoint.objects.get().normalised == "+523312345678"
