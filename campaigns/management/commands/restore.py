"""`manage.py restore FILE`: a backup comes back, and nothing is sent until every machine's journal was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns import restores
from leadmaster.lib.clock import database_now
from leadmaster.ops import backups


class Command(BaseCommand):
    help = (
        "Pone un respaldo en el lugar de la base, la lleva a esta versión y apaga los envíos hasta leer los diarios de "
        "todos los equipos. Detén antes todos los procesos."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="el archivo de la base que dejó manage.py backup")
        parser.add_argument("--replace", action="store_true", help="borra lo que la base tiene ahora")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            media = backups.bring_back(path, replace=options["replace"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        call_command("migrate", verbosity=0)
        restores.declare_restored(by=None, reason=f"manage.py restore {path.name}", now=database_now())
        self.stdout.write(
            f"La base es la de {path.name}{', con sus archivos' if media else ''}. Los envíos están apagados.\n"
            "Ahora: manage.py attempt_guard install (si lo usas), arranca los procesos con su diario "
            "(SENDER_JOURNAL_DIR) en su lugar, espera un minuto y mira manage.py sender_journals."
        )
