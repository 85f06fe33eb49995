"""`manage.py backup FOLDER`: the database and the uploaded files, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.commands import BaseCommand
from leadmaster.ops import backups


class Command(BaseCommand):
    help = gettext_lazy(
        "Guarda la base y los archivos subidos en una carpeta, mientras todo sigue en marcha. Las claves no van."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help=_("dónde se guarda; en otro disco que la base"))
        parser.add_argument(
            "--keep", type=int, default=0, metavar="N", help=_("borra los más viejos que los últimos N")
        )
        parser.add_argument("--without-media", action="store_true", help=_("sin los archivos subidos"))

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if options["keep"] < 0:
            raise CommandError(_("Escribe con --keep cuántos se guardan: 1 o más."))
        try:
            made = backups.make(folder, now=timezone.now(), media=not options["without_media"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(_("No se guardó nada: %(why)s") % {"why": error}) from None
        for path in (made.database, made.media):
            if path is not None:
                self.stdout.write(_("%(path)s: %(size)d bytes") % {"path": path, "size": path.stat().st_size})
        if options["keep"]:
            for path in backups.keep_newest(folder, options["keep"]):
                self.stdout.write(_("borrado: %(path)s") % {"path": path})
