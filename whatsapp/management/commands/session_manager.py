"""Our own session manager as a process of its own: never inside a web server or a cluster."""

from __future__ import annotations

import functools
import importlib.util
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from leadmaster.lib.commands import BaseCommand
from whatsapp.session_manager.child_phone import ChildPhone
from whatsapp.session_manager.process import Configuration, StartError, serve_until_signal
from whatsapp.session_manager.vault import VaultError

GREETING = gettext_noop("Session manager en http://%(host)s:%(port)d")


class Command(BaseCommand):
    help = gettext_lazy(
        "Corre el session manager propio, que habla con WhatsApp por neonize. WhatsApp no reconoce a estos programas y "
        "puede bloquear el número que los usa: usa un número que puedas perder, con consentimiento y con límites."
    )
    # It works without our database.
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help=_("dirección en la que escucha (por omisión: %(default)s)")
        )
        parser.add_argument(
            "--port", type=int, default=3011, help=_("0 toma un puerto libre (por omisión: %(default)s)")
        )
        parser.add_argument(
            "--lines", default="", help=_("cliente_ids que existen, separados por comas (por omisión: cualquiera)")
        )
        parser.add_argument(
            "--callback-url", default="", help=_("a dónde van los avisos; {cliente_id} es el de la línea")
        )
        parser.add_argument(
            "--idle-minutes",
            type=float,
            default=0.0,
            help=_("cierra una línea que lleva tanto sin mensajes; 0: nunca (por omisión: %(default)s)"),
        )

    def handle(self, *_args: str, **options: Any) -> None:
        if importlib.util.find_spec("neonize") is None:
            raise CommandError(
                _("Falta neonize, que es opcional. Instálalo: pip install -r requirements/session_manager.txt")
            )
        try:
            configuration = Configuration(
                directory=settings.SESSION_MANAGER_DIR,
                runtime=settings.SESSION_MANAGER_RUNTIME_DIR,
                key_hex=settings.FIELD_ENCRYPTION_KEY,
                old_keys=tuple(settings.FIELD_ENCRYPTION_OLD_KEYS),
                host=options["host"],
                port=options["port"],
                token=settings.SESSION_MANAGER_TOKEN,
                callback_url=options["callback_url"],
                callback_secret=settings.SESSION_MANAGER_WEBHOOK_SECRET,
                names=frozenset(word.strip() for word in options["lines"].split(",") if word.strip()),
                idle=options["idle_minutes"] * 60,
            )
            make_phone = functools.partial(ChildPhone, proxy=settings.SESSION_MANAGER_PROXY)
            serve_until_signal(configuration, make_phone, say=self._say, greeting=_(GREETING))
        except (StartError, VaultError, OSError) as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
