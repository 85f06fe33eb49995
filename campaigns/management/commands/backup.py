"""`manage.py backup FOLDER`: the database and the uploaded files, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from leadmaster.ops import backups


class Command(BaseCommand):
    help = "Guarda la base y los archivos subidos en una carpeta, mientras todo sigue en marcha. Las claves no van."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="dónde se guarda; en otro disco que la base")
        parser.add_argument("--keep", type=int, default=0, metavar="N", help="borra los más viejos que los últimos N")
        parser.add_argument("--without-media", action="store_true", help="sin los archivos subidos")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if options["keep"] < 0:
            raise CommandError("Escribe con --keep cuántos se guardan: 1 o más.")
        try:
            made = backups.make(folder, now=timezone.now(), media=not options["without_media"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(f"No se guardó nada: {error}") from None
        for path in (made.database, made.media):
            if path is not None:
                self.stdout.write(f"{path} ({path.stat().st_size:,} bytes)")
        if options["keep"]:
            for path in backups.keep_newest(folder, options["keep"]):
                self.stdout.write(f"borrado: {path}")
