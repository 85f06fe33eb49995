"""A dump becomes a server that is gone afterwards, and does nothing but hold tables."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest

from leadmaster.legacy import dump
from leadmaster.legacy.errors import LegacyError
from leadmaster.legacy.source import opened
from tests.legacy.old import Old

pytestmark = [pytest.mark.old_server, pytest.mark.django_db]


def written(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_bytes(text.encode(encoding))
    return str(path)


def leftovers() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("lm-legacy-*")}


def test_a_packed_dump_with_a_database_of_its_own(tmp_path: Path) -> None:
    old = Old()
    old.campaign()
    sql = "CREATE DATABASE `viejo`;\nUSE `viejo`;\n" + old.as_dump()
    path = tmp_path / "viejo.sql.gz"
    path.write_bytes(gzip.compress(sql.encode()))
    before = leftovers()

    with opened(str(path)) as source:
        assert [row["nombre"] for row in source.rows("ll_campanias_whatsapp")] == ["Campaña 47"]
        assert leftovers() > before

    assert leftovers() == before


def test_a_dump_that_does_not_say_its_encoding(tmp_path: Path) -> None:
    old = Old()
    old.charset = "latin1"
    old.envio(1, state="pendiente", nombre_destino="Núñez Ñandú")
    sql = old.as_dump().replace("SET NAMES utf8mb4;\n", "")

    with opened(written(tmp_path / "viejo.sql", sql, "latin-1")) as source:
        assert [row["nombre_destino"] for row in source.rows("ll_envios_whatsapp")] == ["Núñez Ñandú"]


def test_what_the_server_doubts_is_said_and_loaded(tmp_path: Path) -> None:
    old = Old()
    old.envio(1, state="fantasma", at="0000-00-00 00:00:00")

    with opened(written(tmp_path / "viejo.sql", old.as_dump())) as source:
        [row] = source.rows("ll_envios_whatsapp")
        assert (row["estado"], row["fecha_envio"]) == ("", "0000-00-00 00:00:00")
        assert any("estado" in warning for warning in source.warnings)


def test_a_dump_runs_no_shell_and_reads_no_file(tmp_path: Path) -> None:
    old = Old()
    old.campaign()
    touched, secret = tmp_path / "touched", tmp_path / "secret.csv"
    secret.write_text("1\t1\tsecreto\t\\N\tpausada\t\\N\n")
    attacks = [f"\\! touch {touched}", f"system touch {touched}"]
    for attack in attacks:
        sql = f"{attack}\n{old.as_dump()}"
        path = written(tmp_path / "viejo.sql", sql)
        try:
            with opened(path):
                pass
        except LegacyError:
            pass
    for load in ("LOAD DATA INFILE", "LOAD DATA LOCAL INFILE"):
        sql = f"{old.as_dump()}{load} '{secret}' INTO TABLE ll_campanias_whatsapp;\n"
        with pytest.raises(LegacyError, match="no se pudo cargar"), opened(written(tmp_path / "viejo.sql", sql)):
            pass

    assert not touched.exists()


def test_what_is_wrong_with_a_dump_is_said(tmp_path: Path) -> None:
    with pytest.raises(LegacyError, match="No existe el archivo"), opened(str(tmp_path / "nada.sql")):
        pass
    with (
        pytest.raises(LegacyError, match=r"no se pudo cargar.*syntax"),
        opened(written(tmp_path / "x.sql", "CREATE TABLA;")),
    ):
        pass
    with (
        pytest.raises(LegacyError, match="ninguna tabla"),
        opened(written(tmp_path / "x.sql", "CREATE TABLE t (id INT);")),
    ):
        pass
    packed = tmp_path / "roto.sql.gz"
    packed.write_bytes(gzip.compress(b"SELECT 1;" * 1_000)[:-20])
    with pytest.raises(LegacyError, match="dañado"), opened(str(packed)):
        pass


def test_a_machine_without_a_server_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "_PATH", str(tmp_path))

    with pytest.raises(LegacyError, match="apt-get install mariadb-server"), opened(written(tmp_path / "x.sql", "")):
        pass


@pytest.mark.parametrize("address", ["postgres://u:p@h/b", "mysql://", "nada://x", "mysql://u:secreta@h"])
def test_another_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(LegacyError, match="no sirve") as refused, opened(address):
        pass

    assert "secreta" not in str(refused.value)


def test_the_old_database_can_only_be_read(load: object, old_server: Path) -> None:
    old = Old()
    old.campaign()
    address = load(old)  # type: ignore[operator]

    with opened(address) as source, pytest.raises(LegacyError, match=r"READ ONLY|read only"):
        source._query("UPDATE ll_campanias_whatsapp SET nombre = 'x'", [])
