"""`sync_clients`: bring the directory up to what the external client base says."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tqdm import tqdm

from leadmaster.directory.sync import SyncError, SyncReport
from leadmaster.directory.sync.configured import NAME, synchronise_configured
from leadmaster.directory.sync.run import BATCH
from leadmaster.lib.commands import BaseCommand

_MOST = 5_000


class Command(BaseCommand):
    help = gettext_lazy(
        "Pone al día el directorio con la base de clientes externa (que solo lee) o con un archivo CSV o XLSX."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", help=_("dirección o archivo; sin esto, CLIENTS_DATABASE_URL"))
        parser.add_argument("--full", action="store_true", help=_("lee a todos y mira quién ya no está"))
        parser.add_argument(
            "--accept-fewer",
            action="store_true",
            help=_("con --full, cree a una base que perdió a muchos de sus clientes"),
        )
        parser.add_argument("--json", action="store_true", help=_("informe en JSON, sin barra de avance"))
        parser.add_argument(
            "--batch", type=int, default=BATCH, help=_("clientes por página, hasta %(most)d") % {"most": _MOST}
        )
        parser.add_argument("--name", default=NAME, help=_("cuál base es esta, si hay varias"))

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["batch"] <= _MOST:
            raise CommandError(_("--batch va de 1 a %(most)s.") % {"most": _MOST})
        bar = tqdm(unit=_(" clientes"), disable=options["json"] or None, leave=False)

        def progress(done: int, total: int) -> None:
            bar.total = max(done, total)
            bar.update(done - bar.n)

        try:
            with bar:
                report = synchronise_configured(
                    now=timezone.now(),
                    address=options["source"] or "",
                    name=options["name"],
                    full=options["full"],
                    accept_fewer=options["accept_fewer"],
                    batch=options["batch"],
                    progress=progress,
                )
        except SyncError as error:
            if not options["json"]:
                raise CommandError(str(error)) from error
            # Whoever asked for JSON reads the refusal as JSON too, and the status as before.
            self.stdout.write(json.dumps({"error": str(error)}, ensure_ascii=False))
            sys.exit(1)
        self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False) if options["json"] else _sentences(report))


def _sentences(report: SyncReport) -> str:
    counted = [
        (_("Leídos"), report.read),
        (_("Nuevos"), report.new),
        (_("Cambiados"), report.changed),
        (_("Sin cambios"), report.unchanged),
        (_("Volvieron"), report.returned),
        (_("Ya no están"), report.gone),
        (_("Sin identificador, no se tomaron"), report.without_id),
        (_("Con un identificador repetido"), report.repeated),
        (_("Que no encajan en las columnas, no se tomaron"), report.misfits),
        (_("Sin fecha de actualización"), report.undated),
        (_("Con fecha futura"), report.ahead),
        (_("Teléfonos y correos de nuevos y cambiados"), report.contacts),
        (_("Teléfonos inválidos"), report.invalid_phones),
        (_("Correos inválidos"), report.invalid_mails),
        (_("Sin ningún teléfono válido"), report.unreachable),
        (_("Números o fechas ilegibles"), report.unreadable),
    ]
    always = 6
    lines = [f"{label}: {count}" for at, (label, count) in enumerate(counted) if count or at < always]
    lines += [f"  {who}: “{raw}” · {why}" for who, raw, why in report.examples]
    if report.ignored:
        lines.append(_("Columnas del archivo que no se usan: %(columns)s") % {"columns": ", ".join(report.ignored)})
    return "\n".join(lines)
