"""`import_recipients CAMPAIGN FILE`: add the people of a file to a campaign."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tqdm import tqdm

from campaigns.audience import ColumnMapping, FilePreview, ImportReport, SheetChoice, import_file, inspect
from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.rendering import field_name
from leadmaster.lib.commands import BaseCommand


class Command(BaseCommand):
    help = gettext_lazy("Importa destinatarios de un archivo CSV o XLSX a una campaña que todavía se prepara.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", type=int, help=_("el número de la campaña"))
        parser.add_argument("file", type=Path, help=_("CSV (con cualquier codificación y separador usual) o XLSX"))
        parser.add_argument("--dry-run", action="store_true", help=_("dice qué pasaría y no escribe nada"))
        parser.add_argument("--json", action="store_true", help=_("informe en JSON, sin barra de avance"))
        parser.add_argument(
            "--report", type=Path, help=_("escribe también el informe fila por fila en este archivo CSV")
        )
        parser.add_argument("--phone-column", help=_("encabezado o número (desde 1) de la columna con los teléfonos"))
        parser.add_argument("--name-column", help=_("encabezado o número (desde 1) de la columna con los nombres"))
        parser.add_argument("--sheet", default="", help=_("la hoja del libro que se lee, por su nombre"))
        parser.add_argument("--hidden-rows", action="store_true", help=_("toma también las filas que la hoja oculta"))

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = Campaign.objects.select_related("session").filter(pk=options["campaign"]).first()
        if campaign is None:
            raise CommandError(_("No existe la campaña %(id)s.") % {"id": options["campaign"]})
        choice = SheetChoice(sheet=options["sheet"], hidden_rows=options["hidden_rows"])
        bar = tqdm(unit=_(" filas"), disable=options["json"] or None, leave=False)

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        try:
            with bar:
                report = import_file(
                    campaign,
                    options["file"],
                    mapping=_chosen_mapping(campaign, choice, options),
                    choice=choice,
                    dry_run=options["dry_run"],
                    now=timezone.now(),
                    progress=progress,
                    report_path=options["report"],
                )
        except Refused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False) if options["json"] else _sentences(report))


def _chosen_mapping(campaign: Campaign, choice: SheetChoice, options: dict[str, Any]) -> ColumnMapping | None:
    """The guess with the columns that the person named; None leaves everything to the guess."""
    if not options["phone_column"] and not options["name_column"]:
        return None
    preview = inspect(options["file"], region=campaign.session.region, choice=choice)
    guess = preview.guess
    phone = guess.phone if guess else None
    name = guess.name if guess else None
    if options["phone_column"]:
        phone = _column(preview, options["phone_column"])
    if options["name_column"]:
        name = _column(preview, options["name_column"])
    if phone is None:
        raise CommandError(_("Ninguna columna parece tener teléfonos: indica cuál con --phone-column."))
    return ColumnMapping(phone=phone, name=name, header_row=guess.header_row if guess else 1)


def _column(preview: FilePreview, wanted: str) -> int:
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(preview.headers):
        return int(wanted) - 1
    if field_name(wanted) in preview.fields:
        return preview.fields.index(field_name(wanted))
    raise CommandError(
        _("No hay ninguna columna “%(wanted)s”. Columnas del archivo: %(headers)s.")
        % {"wanted": wanted, "headers": ", ".join(preview.headers)}
    )


def _sentences(report: ImportReport) -> str:
    lines = [
        _("Simulación: no se escribió nada.")
        if report.dry_run
        else _("Importación %(id)s.") % {"id": report.import_id},
        _("Filas leídas: %(count)s") % {"count": report.rows},
        _("Aceptadas: %(count)s") % {"count": report.accepted},
        _("Duplicadas: %(count)s") % {"count": report.duplicates},
        _("Inválidas: %(count)s") % {"count": report.invalid},
        _("Excluidas por pedido: %(count)s") % {"count": report.opted_out},
        _("Ya estaban: %(count)s") % {"count": report.already_there},
    ]
    if report.other_sheets:
        lines.append(
            _("Hoja leída: %(sheet)s. Sin leer: %(others)s (se eligen con --sheet).")
            % {"sheet": report.sheet, "others": ", ".join(report.other_sheets)}
        )
    if report.hidden_rows:
        hidden = {"count": report.hidden_rows}
        lines.append(
            _("Filas ocultas en la hoja: %(count)s, que quedaron afuera (se importan con --hidden-rows).") % hidden
            if "hidden" in report.reasons
            else _("Filas ocultas en la hoja: %(count)s, que también se importaron.") % hidden
        )
    return "\n".join(lines)
