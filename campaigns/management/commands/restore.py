"""`manage.py restore FILE`: a backup comes back, and nothing is sent until every machine's journal was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import restores
from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand
from leadmaster.ops import backups


class Command(BaseCommand):
    help = gettext_lazy(
        "Pone un respaldo en el lugar de la base, la lleva a esta versión y apaga los envíos hasta leer los diarios de "
        "todos los equipos. Detén antes todos los procesos."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help=_("el archivo de la base que dejó manage.py backup"))
        parser.add_argument("--replace", action="store_true", help=_("borra lo que la base tiene ahora"))

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            media = backups.bring_back(path, replace=options["replace"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        call_command("migrate", verbosity=0)
        restores.declare_restored(by=None, reason=f"manage.py restore {path.name}", now=database_now())
        self.stdout.write(
            _("La base es la de %(name)s, con sus archivos. Los envíos están apagados.") % {"name": path.name}
            if media
            else _("La base es la de %(name)s, sin archivos. Los envíos están apagados.") % {"name": path.name}
        )
        self.stdout.write(
            _(
                "Ahora: manage.py attempt_guard install (si lo usas), arranca los procesos con su diario "
                "(SENDER_JOURNAL_DIR) en su lugar, espera un minuto y mira manage.py sender_journals."
            )
        )
