"""`manage.py tick`: one minute of sending, the same function that the cluster runs."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.engine.tick import run_tick
from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand
from whatsapp import sessions


class Command(BaseCommand):
    help = gettext_lazy(
        "Corre un minuto de envíos, igual que el cluster. Se puede repetir sin riesgo: nunca envía dos veces."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--minute", help=_("minuto en formato ISO 8601 con zona, por ejemplo 2026-02-07T08:00Z"))
        parser.add_argument("--json", action="store_true", help=_("informe en JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        minute = _minute(options["minute"])
        sessions.refresh_all(database_now())
        report = run_tick(minute)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        elif not report.ran:
            self.stdout.write(_("Otra ejecución ya tiene este minuto: no se hizo nada."))
        else:
            outcomes = ", ".join(f"{state}: {count}" for state, count in sorted(report.outcomes.items())) or _("nada")
            self.stdout.write(
                _("Tomados: %(claimed)d. Resultado: %(outcomes)s. Recuperados: %(reaped)d.")
                % {"claimed": report.claimed, "outcomes": outcomes, "reaped": report.reaped}
            )
            for campaign_id, reason in report.waiting.items():
                self.stdout.write(
                    _("Campaña %(id)s: no envía ahora (%(reason)s).") % {"id": campaign_id, "reason": reason}
                )


def _minute(value: str | None) -> dt.datetime | None:
    if value is None:
        return None
    try:
        minute = dt.datetime.fromisoformat(value)
    except ValueError:
        raise CommandError(
            _("--minute “%(value)s” no es una fecha ISO 8601. Escribe, por ejemplo, 2026-02-07T08:00Z.")
            % {"value": value}
        ) from None
    if minute.tzinfo is None:
        raise CommandError(
            _("--minute “%(value)s” no dice su zona horaria. Escribe, por ejemplo, 2026-02-07T08:00Z.")
            % {"value": value}
        )
    return minute
