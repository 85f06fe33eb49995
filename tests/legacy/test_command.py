"""`manage.py import_legacy`, on a dump of our own and on the one beside the checkout."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from campaigns.enums import EnvioState
from campaigns.models import Envio
from leadmaster.legacy.models import ImportedRow
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity

pytestmark = [pytest.mark.old_server, pytest.mark.django_db]

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "tests" / "data" / "legado.sql"
GIVEN = ROOT.parent / "shared" / "data" / "legacy_leadmaster.sql"


def run(path: Path | str, *options: str) -> str:
    said = io.StringIO()
    call_command("import_legacy", str(path), *options, stdout=said, stderr=io.StringIO())
    return said.getvalue()


def report(path: Path | str, *options: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(run(path, "--json", *options))
    return read


def reconciled() -> str:
    said = io.StringIO()
    call_command("reconcile", stdout=said)
    return said.getvalue().strip()


def reconciled_as_json() -> dict[str, Any]:
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("reconcile", "--json", stdout=said)
    read: dict[str, Any] = json.loads(said.getvalue())
    return read


@pytest.mark.given_dump
def test_the_given_dump_comes_in_as_it_should() -> None:
    rehearsal = report(GIVEN, "--dry-run")
    assert not ImportedRow.objects.exists()

    told = report(GIVEN)

    assert {**rehearsal, "dry_run": False} == told
    [run_] = told["phantoms"]["runs"]
    assert (run_["campaign"], run_["first_id"], run_["last_id"], run_["count"]) == (47, 4570, 4819, 250)
    lines = ImportedRow.objects.filter(table="ll_envios_whatsapp")
    new = dict(lines.values_list("target", "legacy_id"))
    doubts = Envio.objects.filter(state=EnvioState.UNCERTAIN, pk__in=new).values_list("pk", flat=True)
    assert {new[pk] for pk in doubts} == set(range(4570, 4820))
    assert told["sent"]["ll_envios_whatsapp"] == {"phantoms": 250, "historical": 222}
    assert Envio.objects.filter(state=EnvioState.HISTORICAL, pk__in=new).count() == 222
    assert not Envio.objects.filter(state=EnvioState.SENT, pk__in=new).exists()
    assert told["invisible_opportunities"]["count"] == 91
    assert Opportunity.objects.filter(state=OpportunityState.POOL).count() == 91
    assert told["duplicates"]["people"] == 27
    assert told["refused"] == []
    # The work of a promoter who had left is all that is not as it should be, and the import says so.
    gone = [one["id"] for one in told["corrected"] if one["code"] == "owner_gone"]
    found = reconciled_as_json()["findings"]
    assert {one["check"] for one in found} == {"opportunities.owner_gone"}
    assert len(found) == len(gone) > 0
    again = report(GIVEN)
    assert sum(count["taken"] for count in again["tables"].values()) == 0


def test_our_own_dump_comes_in_and_is_told_in_words() -> None:
    words = run(OURS)

    assert "Fantasmas, que entran como inciertos: 40" in words
    assert "campaña #61 “Vuelta al cole”: 40 filas (#2001 a #2040), una por minuto" in words
    assert "Dicen enviado en ll_envios_whatsapp: 0 con prueba, 6 históricos, 40 fantasmas" in words
    assert "Recibieron más de una vez un mismo mensaje: 1 personas" in words
    assert "Oportunidades que nadie veía, ahora en el pool: 2" in words
    assert "wa_campanas #1, enviados: decía 9, son 1" in words
    assert "ll_envios_whatsapp #2050: No tiene teléfono." in words
    assert reconciled() == "Todo lo que se revisó es verdad."
    assert run(OURS).count(" 0 tomadas") == words.count(" leídas, ")


def test_what_is_not_possible_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No existe el archivo") as refused:
        run(tmp_path / "nada.sql")
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="zona horaria"):
        run(OURS, "--time-zone", "Marte/Olimpo")
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_legacy", str(tmp_path / "nada.sql"), "--json", stdout=said)
    assert ended.value.code == 2
    assert "No existe" in json.loads(said.getvalue())["error"]
    assert not ImportedRow.objects.exists()
