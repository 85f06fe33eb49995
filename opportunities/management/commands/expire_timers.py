"""`manage.py expire_timers`: one pass of the timer cron."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand
from leadmaster.ops.heartbeat import beat
from opportunities.supervision import departures
from opportunities.tasks import HEARTBEAT
from opportunities.timers import absence_clocks, expiry


class Command(BaseCommand):
    help = gettext_lazy("Devuelve al pool lo que venció. Se puede repetir sin riesgo.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help=_("informe en JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        now = database_now()
        absence_clocks.begin_and_end(now)
        departures.hand_over_departed(now)
        report = expiry.expire_timers(now)
        beat(HEARTBEAT, now=now, detail={"expired": report.expired})
        if options["json"]:
            self.stdout.write(json.dumps(dataclasses.asdict(report)))
        else:
            self.stdout.write(_("Vencidas: %(n)d.") % {"n": report.expired})
