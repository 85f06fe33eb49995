"""`manage.py expire_timers`: one pass of the timer cron."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from leadmaster.lib.clock import database_now
from leadmaster.ops.heartbeat import beat
from opportunities.supervision import departures
from opportunities.tasks import HEARTBEAT
from opportunities.timers import absence_clocks, expiry


class Command(BaseCommand):
    help = "Devuelve al pool lo que venció. Se puede repetir sin riesgo."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="informe en JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = database_now()
        absence_clocks.begin_and_end(now)
        departures.hand_over_departed(now)
        report = expiry.expire_timers(now)
        beat(HEARTBEAT, now=now, detail={"expired": report.expired})
        if options["json"]:
            self.stdout.write(json.dumps(dataclasses.asdict(report)))
        else:
            self.stdout.write(f"Vencidas: {report.expired}.")
