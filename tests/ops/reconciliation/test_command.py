"""`manage.py reconcile`: dry by default, in words or JSON, with an exit status for programs."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from campaigns.enums import EnvioState
from campaigns.models import Envio
from campaigns.reconciliation.envios import AttemptsMiscounted
from leadmaster.ops.models import Repair
from tests.factories.campaigns import EnvioFactory

pytestmark = pytest.mark.django_db


def reconcile(*words: str) -> tuple[int, str]:
    out, status = io.StringIO(), 0
    try:
        call_command("reconcile", *words, stdout=out, stderr=out)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, out.getvalue()


def test_a_database_that_tells_the_truth_is_clean() -> None:
    EnvioFactory()

    assert reconcile() == (0, "Todo lo que se revisó es verdad.\n")


def test_it_says_what_is_wrong_and_changes_nothing_unless_it_is_asked_to() -> None:
    phantom = EnvioFactory(state=EnvioState.SENT)

    status, text = reconcile()
    assert status == 1
    assert f"envios.phantom:{phantom.pk}  Dice «enviado» y nada lo prueba" in text
    assert "[con --apply: Queda incierto" in text
    assert Envio.objects.get().state == EnvioState.SENT

    status, text = reconcile("--apply")
    # What the repair leaves is a doubt, and that one is a person's.
    assert status == 0
    assert "[reparado: Queda incierto" in text
    assert Envio.objects.get().state == EnvioState.UNCERTAIN
    assert Repair.objects.get().by is None


def test_in_json_each_finding_is_an_object_and_the_sums_come_last() -> None:
    EnvioFactory.create_batch(2, state=EnvioState.SENT)

    status, text = reconcile("--json")

    report = json.loads(text)
    assert status == 1
    assert {finding["check"] for finding in report["findings"]} == {"envios.phantom"}
    assert report["findings"][0]["id"] == f"envios.phantom:{report['findings'][0]['subject']}"
    assert report["summary"]["found"] == 2
    assert report["summary"]["checks"]["envios.phantom"] == 2


def test_only_the_areas_that_are_named_are_looked_at() -> None:
    EnvioFactory(state=EnvioState.SENT)

    assert reconcile("lanes", "totals")[0] == 0
    assert reconcile("lanes", "envios")[0] == 1


def test_an_area_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(CommandError, match=r"No conozco lotes. Los temas son: envios, ") as refusal:
        call_command("reconcile", "lotes")
    assert refusal.value.returncode == 2


def test_what_could_not_be_checked_is_not_called_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    EnvioFactory()

    def broken(*_: object, **__: object) -> list[int]:
        raise DatabaseError("gone")

    monkeypatch.setattr(AttemptsMiscounted, "suspects", broken)

    status, text = reconcile()
    assert status == 2
    assert "envios.attempts no se pudo revisar: DatabaseError: gone" in text
