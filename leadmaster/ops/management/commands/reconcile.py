"""`manage.py reconcile`: what is not true, and with --apply, put right."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand
from leadmaster.ops.reconciliation import registry
from leadmaster.ops.reconciliation.run import Outcome, Tally, run


class Command(BaseCommand):
    help = gettext_lazy(
        "Compara lo que dicen las tablas entre sí y muestra lo que no es verdad. Sin --apply no cambia nada. "
        "Termina con 0 si todo está bien, 1 si algo está mal y 2 si algo no se pudo revisar."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "areas", nargs="*", metavar="TEMA", help=_("solo estos: %(areas)s") % {"areas": ", ".join(registry.areas())}
        )
        parser.add_argument("--apply", action="store_true", help=_("repara lo que se puede reparar"))
        parser.add_argument("--json", action="store_true", help=_("informe en JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        unknown = sorted(set(options["areas"]) - set(registry.areas()))
        if unknown:
            raise CommandError(
                _("No conozco %(unknown)s. Los temas son: %(areas)s.")
                % {"unknown": ", ".join(unknown), "areas": ", ".join(registry.areas())},
                returncode=2,
            )
        tally = Tally()
        found = run(
            registry.checks_of(options["areas"]), apply=options["apply"], by_id=None, now=database_now(), tally=tally
        )
        if options["json"]:
            self._as_json(found, tally)
        else:
            self._as_text(found, tally, apply=options["apply"])
        if tally.exit_status:
            raise SystemExit(tally.exit_status)

    def _as_json(self, found: Any, tally: Tally) -> None:
        """Written as it is found: a million findings need no more memory than one."""
        self.stdout.write('{"findings": [', ending="")
        for number, outcome in enumerate(found):
            self.stdout.write("," if number else "", ending="\n")
            line = {**outcome.finding.as_json(), "repaired": outcome.repaired, "error": outcome.error}
            self.stdout.write(json.dumps(line, default=str, ensure_ascii=False), ending="")
        summary = {
            "checks": {name: tally.found[name] for name in tally.looked_at},
            "found": tally.found.total(),
            "repaired": tally.repaired.total(),
            "failed": tally.failed,
        }
        self.stdout.write(f'\n], "summary": {json.dumps(summary, ensure_ascii=False)}}}')

    def _as_text(self, found: Any, tally: Tally, *, apply: bool) -> None:
        for outcome in found:
            self.stdout.write(_line(outcome, apply=apply))
        for name, reason in tally.failed.items():
            self.stderr.write(_("%(name)s no se pudo revisar: %(reason)s") % {"name": name, "reason": reason})
        if not tally.found.total():
            self.stdout.write(_("Todo lo que se revisó es verdad."))
            return
        self.stdout.write(
            _("%(found)d hallazgos, %(repaired)d reparados, %(left)d quedan.")
            % {"found": tally.found.total(), "repaired": tally.repaired.total(), "left": tally.left}
        )


def _line(outcome: Outcome, *, apply: bool) -> str:
    finding = outcome.finding
    if outcome.repaired:
        what_then = _("reparado: %(repair)s") % {"repair": finding.repair}
    elif outcome.error:
        what_then = _("no se pudo reparar: %(error)s") % {"error": outcome.error}
    elif finding.repair and not apply:
        what_then = _("con --apply: %(repair)s") % {"repair": finding.repair}
    else:
        what_then = _("lo decide una persona")
    return f"{finding.id}  {finding.what}  [{what_then}]"
