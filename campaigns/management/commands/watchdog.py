"""`manage.py watchdog`: a process of its own that checks the sender from outside and tells people."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
import threading
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib import systemd
from leadmaster.lib.commands import BaseCommand
from leadmaster.ops.notify import Notifier, configured_channels
from leadmaster.ops.watchdog import PassReport, Watchdog

_PAUSE_SECONDS = 20.0


class Command(BaseCommand):
    help = gettext_lazy(
        "Vigila desde fuera: latido del envío, gateways y avisos pendientes. No se detiene si cae la base de datos."
    )
    # It has to come up, and stay up, on the very days when the database does not.
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help=_("una sola pasada; estado de salida 1 si algo está mal")
        )
        parser.add_argument("--json", action="store_true", help=_("un informe en JSON por pasada"))

    def handle(self, *args: Any, **options: Any) -> None:
        # A single pass checks at once; a process that stays gives the sender its first minutes.
        watching_since = None if options["once"] else timezone.now()
        checks = [check for path in settings.WATCHES for check in import_string(path)(watching_since=watching_since)]
        watchdog = Watchdog(checks, notifier=Notifier(configured_channels()))
        if options["once"]:
            report = watchdog.look(wall_clock=timezone.now())
            self._say(report, as_json=options["json"])
            sys.exit(0 if report.ok else 1)
        self._loop(watchdog, as_json=options["json"])

    def _loop(self, watchdog: Watchdog, *, as_json: bool) -> None:
        ended = threading.Event()

        def end(_signum: int, _frame: FrameType | None) -> None:
            ended.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        systemd.ready()
        while not ended.is_set():
            report = watchdog.look(wall_clock=timezone.now())
            systemd.alive()
            if as_json or report.opened or report.resolved or report.error:
                self._say(report, as_json=as_json)
            ended.wait(_PAUSE_SECONDS)
        systemd.stopping()

    def _say(self, report: PassReport, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({**dataclasses.asdict(report), "ok": report.ok}, default=str))
        elif report.error:
            self.stdout.write(_("La base de datos no responde (%(error)s).") % {"error": report.error})
        else:
            state = (
                _("todo bien") if report.ok else _("en problemas: %(names)s") % {"names": ", ".join(report.troubles)}
            )
            counts = {
                "state": state,
                "opened": len(report.opened),
                "resolved": len(report.resolved),
                "told": report.told,
                "untold": report.untold,
            }
            self.stdout.write(
                _(
                    "%(state)s; alertas abiertas %(opened)d, resueltas %(resolved)d, avisos enviados %(told)d, "
                    "sin enviar %(untold)d."
                )
                % counts
            )
        self.stdout.flush()
