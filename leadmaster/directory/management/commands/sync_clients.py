"""`sync_clients`: bring the directory up to what the external client base says."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from leadmaster.directory.sync import SyncError, SyncReport
from leadmaster.directory.sync.configured import NAME, synchronise_configured
from leadmaster.directory.sync.run import BATCH

_MOST = 5_000


class Command(BaseCommand):
    help = "Bring the directory up to date from the external client base (read only) or from a CSV or XLSX file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", help="URL or file; without it CLIENTS_DATABASE_URL")
        parser.add_argument("--full", action="store_true", help="read everybody and look who is gone")
        parser.add_argument(
            "--accept-fewer", action="store_true", help="with --full, believe a base that lost many of its clients"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON and no progress bar")
        parser.add_argument("--batch", type=int, default=BATCH, help=f"clients per page, up to {_MOST}")
        parser.add_argument("--name", default=NAME, help="which base this is, when there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["batch"] <= _MOST:
            raise CommandError(_("--batch va de 1 a %(most)s.") % {"most": _MOST})
        bar = tqdm(unit=" clientes", disable=options["json"] or None, leave=False)

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
