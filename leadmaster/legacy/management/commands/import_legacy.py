"""`import_legacy`: take over the predecessor's database, without what it says and nobody can prove."""

from __future__ import annotations

import collections
import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.directory.sync.configured import NAME
from leadmaster.legacy.errors import LegacyError
from leadmaster.legacy.report import Remark, Report
from leadmaster.legacy.run import import_legacy
from leadmaster.lib.commands import BaseCommand
from leadmaster.lib.zones import zone_named

_SHOWN = 10


class Command(BaseCommand):
    help = gettext_lazy(
        "Trae la base del sistema anterior (una MySQL o MariaDB viva, o un volcado .sql o .sql.gz). Con --dry-run solo "
        "informa. Se puede repetir: lo que ya entró no se toca. Nada de lo que entra se envía por sí solo."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "source", metavar="URL_O_VOLCADO", help=_("mysql://usuario:clave@servidor/base, o un archivo")
        )
        parser.add_argument("--dry-run", action="store_true", help=_("informa de todo y no escribe nada"))
        parser.add_argument("--json", action="store_true", help=_("informe completo en JSON"))
        parser.add_argument("--name", default="legado", help=_("cómo llamar a esta base, si se traen varias"))
        parser.add_argument(
            "--team", default="Sistema anterior", help=_("equipo que recibe a las personas y su trabajo")
        )
        parser.add_argument("--time-zone", default=settings.TIME_ZONE, help=_("zona horaria de las fechas anteriores"))
        parser.add_argument(
            "--clients-source", default=NAME, help=_("origen del directorio al que pertenecen los clientes")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tz = zone_named(options["time_zone"])
        if tz is None:
            raise CommandError(_("Escribe una zona horaria como America/Mexico_City."), returncode=2)
        try:
            report = import_legacy(
                options["source"],
                name=options["name"][:28],
                team=options["team"][:80],
                clients=options["clients_source"],
                tz=tz,
                dry_run=options["dry_run"],
                now=timezone.now(),
                told=lambda step: None if options["json"] else self.stderr.write(step),
            )
        except LegacyError as error:
            if not options["json"]:
                raise CommandError(str(error), returncode=2) from error
            self.stdout.write(json.dumps({"error": str(error)}, ensure_ascii=False))
            raise SystemExit(2) from error
        self.stdout.write(
            json.dumps(report.as_json(), ensure_ascii=False, default=str) if options["json"] else sentences(report)
        )


def sentences(report: Report) -> str:
    first = _("Simulación: no se escribió nada.") if report.dry_run else _("Importación de “%(name)s”.")
    lines = [first % {"name": report.source}]
    lines += [
        _("%(table)s: %(read)d leídas, %(taken)d tomadas, %(already)d ya estaban, %(refused)d no se pudieron tomar")
        % {
            "table": table,
            "read": count.read,
            "taken": count.taken,
            "already": count.already,
            "refused": count.refused,
        }
        for table, count in report.tables.items()
        if count.read
    ]
    if report.missing:
        lines.append(_("Tablas que no están: %(tables)s") % {"tables": ", ".join(report.missing)})
    lines += _about_messages(report)
    lines += _about_the_desk(report)
    lines += _remarks(_("No se pudieron tomar"), report.refused)
    lines += _remarks(_("Entraron corregidas"), report.corrected)
    lines += _remarks(_("Cambiaron en el sistema anterior desde que entraron"), report.changed)
    lines += [
        _("El servidor avisó al cargar el volcado: %(warning)s") % {"warning": one} for one in report.warnings[:_SHOWN]
    ]
    return "\n".join(lines)


def _about_messages(report: Report) -> list[str]:
    lines = [_("Fantasmas, que entran como inciertos: %(count)d") % {"count": report.phantom_count}]
    for accused in report.phantoms:
        run = accused.run
        lines.append(
            _(
                "  campaña #%(campaign)d “%(name)s”: %(count)d filas (#%(first)d a #%(last)d), una por minuto del %(since)s "
                "al %(until)s, en el segundo %(second)d (±%(spread)d); sin id, y nada lo confirma en %(tables)s"
            )
            % {
                "campaign": accused.campaign,
                "name": accused.campaign_name,
                "count": len(run.ids),
                "first": min(run.ids),
                "last": max(run.ids),
                "since": run.first,
                "until": run.last,
                "second": run.second,
                "spread": run.spread,
                "tables": ", ".join(accused.looked_in) or _("ninguna otra tabla"),
            }
        )
    for table, counts in report.sent.items():
        lines.append(
            _("Dicen enviado en %(table)s: %(proven)d con prueba, %(historical)d históricos, %(phantoms)d fantasmas")
            % {
                "table": table,
                "proven": counts["proven"],
                "historical": counts["historical"],
                "phantoms": counts["phantoms"],
            }
        )
    if report.copies:
        lines.append(
            _("Recibieron más de una vez un mismo mensaje: %(count)d personas") % {"count": len(report.copies)}
        )
        lines += [
            f"  {copies.phone} ({copies.client}): {copies.copies} × “{copies.message}”"
            for copies in report.copies[:_SHOWN]
        ]
    return lines


def _about_the_desk(report: Report) -> list[str]:
    lines = [_("Oportunidades que nadie veía, ahora en el pool: %(count)d") % {"count": len(report.invisible)}]
    if report.counters:
        lines.append(_("Contadores que mentían y se recontaron: %(count)d") % {"count": len(report.counters)})
        lines += [
            _("  %(table)s #%(id)d, %(field)s: decía %(said)d, son %(counted)d")
            % {"table": one.table, "id": one.id, "field": one.field, "said": one.said, "counted": one.counted}
            for one in report.counters[:_SHOWN]
        ]
    return lines


def _remarks(title: str, remarks: list[Remark]) -> list[str]:
    """By kind, the first of each; --json has them all."""
    if not remarks:
        return []
    by_kind: dict[tuple[str, str], list[Remark]] = collections.defaultdict(list)
    for remark in remarks:
        by_kind[remark.table, remark.code].append(remark)
    lines = [f"{title}: {len(remarks)}"]
    for (table, _code), some in by_kind.items():
        lines += [f"  {table} #{one.id}: {one.sentence}" for one in some[:3]]
        if len(some) > 3:
            lines.append(
                _("  %(table)s: %(count)d más por lo mismo (todas con --json)")
                % {"table": table, "count": len(some) - 3}
            )
    return lines
