"""`manage.py tick`: one minute of sending, the same function that the cluster runs."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.engine.tick import run_tick
from leadmaster.lib.clock import database_now
from whatsapp import sessions


class Command(BaseCommand):
    help = "Corre un minuto de envíos, igual que el cluster. Se puede repetir sin riesgo: nunca envía dos veces."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--minute", help="minuto en formato ISO 8601 con zona, por ejemplo 2026-02-07T08:00Z")
        parser.add_argument("--json", action="store_true", help="informe en JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        minute = _minute(options["minute"])
        sessions.refresh_all(database_now())
        report = run_tick(minute)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        elif not report.ran:
            self.stdout.write("Otra ejecución ya tiene este minuto: no se hizo nada.")
        else:
            outcomes = ", ".join(f"{state}: {count}" for state, count in sorted(report.outcomes.items())) or "nada"
            self.stdout.write(f"Tomados: {report.claimed}. Resultado: {outcomes}. Recuperados: {report.reaped}.")
            for campaign_id, reason in report.waiting.items():
                self.stdout.write(f"Campaña {campaign_id}: no envía ahora ({reason}).")


def _minute(value: str | None) -> dt.datetime | None:
    if value is None:
        return None
    try:
        minute = dt.datetime.fromisoformat(value)
    except ValueError:
        raise CommandError(
            f"--minute {value!r} no es una fecha ISO 8601. Escribe, por ejemplo, 2026-02-07T08:00Z."
        ) from None
    if minute.tzinfo is None:
        raise CommandError(f"--minute {value!r} no dice su zona horaria. Escribe, por ejemplo, 2026-02-07T08:00Z.")
    return minute
