"""`manage.py diagnose`: in words or JSON, with the exit status of `reconcile`."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from campaigns.diagnosis import figures
from tests.campaigns.diagnosis.incident import phantoms, sent_for_real
from tests.factories.campaigns import CampaignFactory

pytestmark = pytest.mark.django_db
DAY = ("--since", "2026-02-07", "--until", "2026-02-07")


def diagnose(*words: str) -> tuple[int, str]:
    out, status = io.StringIO(), 0
    try:
        call_command("diagnose", *words, stdout=out, stderr=out)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, out.getvalue()


def test_an_honest_day_is_well() -> None:
    sent_for_real(CampaignFactory(name="Invierno"), 10)

    status, text = diagnose(*DAY)

    assert status == 0
    assert "A. Dicen que salieron: 10, de ellos sin prueba 0" in text
    assert "Invierno" in text
    assert text.endswith("Todo está bien.\n")


def test_the_incident_in_words_and_in_json() -> None:
    campaign = CampaignFactory(name="Haby – Reactivación")
    phantoms(campaign, 250)

    status, text = diagnose(*DAY)
    assert status == 1
    assert "   07/02/2026 08:00  1\n   07/02/2026 08:01  1\n" in text
    assert "✗ «Haby – Reactivación»: 250 envíos sin prueba, uno por minuto" in text

    status, text = diagnose(*DAY, "--json", "--campaign", str(campaign.pk))
    told = json.loads(text)
    assert status == 1
    assert [line["count"] for line in told["queries"]["B"]] == [1] * 250
    assert told["queries"]["A"] == {"sent": 250, "unproven": 250}
    assert told["queries"]["C"] == {"without_time": 0, "without_id": 0}
    assert told["queries"]["D"][0]["states"]["enviado"] == 250
    [run] = told["patterns"]["one_per_minute"]
    assert (run["campaign"], run["count"], run["second_of_the_minute"]) == (campaign.pk, 250, 49)
    assert told["patterns"]["seconds_of_the_minute"][49] == 250
    assert told["kpis"] == {"stuck": 0, "error_rate": [], "sent_without_id": 0}
    assert [finding["kind"] for finding in told["findings"]] == ["phantom_run"]
    assert told["period"]["since"] == "2026-02-07T00:00:00-03:00"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--campaign", "4711"), "No existe la campaña 4711."),
        (("--campaign", "x"), "No existe la campaña x."),
        (("--since", "2025-01-01", "--until", "2026-01-01"), "hasta 31 días"),
        (("--since", "ayer"), "no es una fecha"),
        (("--zone", "Luna/Mar"), "No conozco la zona horaria Luna/Mar."),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told) as refusal:
        call_command("diagnose", *words)
    assert refusal.value.returncode == 2


def test_what_could_not_be_looked_at_is_not_called_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: object, **_fields: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(figures, "broken", fails)

    status, text = diagnose(*DAY)

    assert status == 2
    assert "No se pudo mirar: envíos colgados." in text
    assert "Todo está bien" not in text
