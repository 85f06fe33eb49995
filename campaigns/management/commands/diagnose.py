"""`manage.py diagnose`: what the sender's tables say about a period, and what is wrong with it."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.diagnosis.report import MOST_DAYS, PARTS, USUAL_DAYS, Diagnosis, diagnose
from campaigns.diagnosis.scope import Scope
from campaigns.models import Campaign
from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand
from leadmaster.lib.ids import parse_id
from leadmaster.lib.periods import PeriodError, between

# Minutes told one by one where marks stand in a row; all of them are in the JSON.
_MINUTES_TOLD = 20
_SECONDS_TOLD = 20


class Command(BaseCommand):
    help = gettext_lazy(
        "Muestra qué dicen los envíos de un período: por minuto, por segundo, por campaña y estado, sin prueba, "
        "colgados y con errores. No cambia nada. Termina con 0 si todo está bien, 1 si algo está mal y 2 si algo "
        "no se pudo mirar."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--campaign", action="append", default=[], metavar="ID", help=_("solo esta campaña; se puede repetir")
        )
        parser.add_argument(
            "--since",
            default="",
            help=_("desde: 2026-02-07 o 2026-02-07T08:00; por omisión %(days)d días") % {"days": USUAL_DAYS},
        )
        parser.add_argument(
            "--until", default="", help=_("hasta, incluido ese día; %(days)d días como mucho") % {"days": MOST_DAYS}
        )
        parser.add_argument(
            "--zone", default=settings.TIME_ZONE, help=_("zona horaria de las fechas (por omisión: %(default)s)")
        )
        parser.add_argument("--json", action="store_true", help=_("informe en JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        now = database_now()
        try:
            period = between(
                options["since"],
                options["until"],
                zone=zoneinfo.ZoneInfo(options["zone"]),
                now=now,
                usual=USUAL_DAYS,
                most=MOST_DAYS,
            )
        except PeriodError as error:
            raise CommandError(str(error), returncode=2) from error
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise CommandError(
                _("No conozco la zona horaria %(zone)s.") % {"zone": options["zone"]}, returncode=2
            ) from error
        found = diagnose(Scope(period=period, campaigns=_campaigns(options["campaign"])), now=now)
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), ensure_ascii=False, indent=1, default=str))
        else:
            for line in _lines(found):
                self.stdout.write(line)
            for part, reason in found.failed.items():
                self.stderr.write(_("No se pudo mirar: %(part)s. %(reason)s") % {"part": PARTS[part], "reason": reason})
        if found.exit_status:
            raise SystemExit(found.exit_status)


def _campaigns(given: list[str]) -> frozenset[int] | None:
    ids = [parse_id(text) for text in given]
    known = set(Campaign.objects.filter(pk__in=[pk for pk in ids if pk is not None]).values_list("pk", flat=True))
    unknown = [text for text, pk in zip(given, ids, strict=True) if pk not in known]
    if unknown:
        raise CommandError(_("No existe la campaña %(id)s.") % {"id": ", ".join(unknown)}, returncode=2)
    return frozenset(known) if given else None


def _lines(found: Diagnosis) -> Iterator[str]:
    period = found.scope.period
    yield _("Del %(since)s al %(until)s (%(zone)s)") % {
        "since": f"{period.since.astimezone(period.zone):%d/%m/%Y %H:%M}",
        "until": f"{period.until.astimezone(period.zone):%d/%m/%Y %H:%M}",
        "zone": period.zone,
    }
    yield ""
    yield _("A. Dicen que salieron: %(n)d, de ellos sin prueba %(unproven)d") % {
        "n": found.total,
        "unproven": len(found.unproven),
    }
    yield from _minutes(found)
    yield _("C. Enviados sin fecha: %(time)d; enviados sin id: %(id)d") % {
        "time": len(found.broken.without_time),
        "id": found.without_id,
    }
    yield from _campaign_lines(found)
    yield _("E. Segundos con más de cinco envíos de una línea: %(n)d") % {"n": len(found.same_second)}
    for one in found.same_second[:_SECONDS_TOLD]:
        yield f"   {one.at.astimezone(period.zone):%d/%m/%Y %H:%M:%S}  {one.count}"
    yield ""
    yield _("Indicadores: colgados %(stuck)d; campañas con más de 5 %% de error %(errors)d; enviados sin id %(id)d") % {
        "stuck": len(found.broken.stuck),
        "errors": len(found.in_error),
        "id": found.without_id,
    }
    yield ""
    for finding in found.findings:
        yield f"✗ {finding.what}"
    if not found.findings and not found.failed:
        yield _("Todo está bien.")


def _minutes(found: Diagnosis) -> Iterator[str]:
    alone = sum(1 for number in found.minutes.values() if number == 1)
    yield _("B. Minutos con envíos: %(minutes)d; con uno solo: %(alone)d") % {
        "minutes": len(found.minutes),
        "alone": alone,
    }
    zone = found.scope.period.zone
    for at, number in list(found.minutes.items())[:_MINUTES_TOLD]:
        yield f"   {at.astimezone(zone):%d/%m/%Y %H:%M}  {number}"
    if len(found.minutes) > _MINUTES_TOLD:
        all_of_them = _("todos con --json")
        yield f"   … ({all_of_them})"


def _campaign_lines(found: Diagnosis) -> Iterator[str]:
    yield _("D. Por campaña:")
    for one in found.campaigns:
        told = _("%(sent)d enviados, %(errors)d errores, %(historical)d históricos en el período") % {
            "sent": one.sent,
            "errors": one.errors,
            "historical": one.historical,
        }
        yield f"   #{one.id} {one.name} [{one.team}]: {told}"
        states = {state: number for state, number in (one.states or {}).items() if number}
        if states:
            yield "      " + ", ".join(f"{number} {state.label.lower()}" for state, number in states.items())
