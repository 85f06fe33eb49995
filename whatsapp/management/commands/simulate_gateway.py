"""The bundled session manager as a process of its own."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from leadmaster.lib.commands import BaseCommand
from whatsapp.simulator.cli import add_arguments, run

GREETING = gettext_noop("Simulador de session manager en http://%(host)s:%(port)d (un teléfono simulado: /_control/)")

# By itself the simulator is another company's program and speaks English; as a command of ours it speaks as we do.
_HELP = {
    "host": gettext_lazy("dirección en la que escucha (por omisión: %(default)s)"),
    "port": gettext_lazy("0 toma un puerto libre (por omisión: %(default)s)"),
    "tenants": gettext_lazy("cliente_ids vinculados desde el principio, separados por comas"),
    "unknown_tenants": gettext_lazy(
        "qué reciben otros cliente_ids: un 404, una sesión para vincular o una vinculada (por omisión: %(default)s)"
    ),
    "token": gettext_lazy(
        "exige este token (por omisión: SESSION_MANAGER_TOKEN, para que ningún secreto se vea entre los procesos)"
    ),
    "latency": gettext_lazy("segundos que tarda un mensaje"),
    "read_ratio": gettext_lazy("qué parte de los mensajes entregados se lee"),
    "people": gettext_lazy("qué parte de quienes reciben un mensaje lo responde"),
    "faults": gettext_lazy("archivo JSON con una lista de fallas, o {settings, faults}"),
    "ledger": gettext_lazy("agrega lo entregado a este archivo JSON Lines"),
    "callback_url": gettext_lazy("a dónde van los avisos; {cliente_id} es el de la línea"),
    "callback_secret": gettext_lazy("firma los avisos (por omisión: SESSION_MANAGER_WEBHOOK_SECRET)"),
    "capabilities": gettext_lazy("partes opcionales (por omisión: %(default)s)"),
    "auto_scan": gettext_lazy("un código se escanea solo después de tanto"),
    "speed": gettext_lazy("segundos simulados por segundo (por omisión: %(default)s)"),
    "seed": gettext_lazy("hace repetible el azar"),
}


class Command(BaseCommand):
    help = gettext_lazy("Corre un session manager que habla el contrato por HTTP de verdad y no envía nada a WhatsApp.")
    # It is another program's stand-in: it works without our database and our configuration.
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        for action in parser._actions:
            if action.dest in _HELP:
                action.help = str(_HELP[action.dest])
            if action.metavar == "SECONDS":
                action.metavar = _("SEGUNDOS")

    def handle(self, *_args: str, **options: Any) -> None:
        try:
            run(options, say=self._say, greeting=_(GREETING))
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
