"""Is each session's gateway there, right and ready? Says what to do where it is not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.commands import BaseCommand
from whatsapp.diagnosis import Diagnosis, Level, Line, diagnose_all
from whatsapp.gateways.base import GatewayConfig
from whatsapp.models import GatewayKind, WhatsAppSession

_MARKS = {Level.OK: "✓", Level.WARNING: "!", Level.ERROR: "✗"}


class Command(BaseCommand):
    help = gettext_lazy(
        "Revisa el gateway de cada sesión, o la dirección configurada mientras no hay ninguna. "
        "Termina con 1 si alguna sesión no podría enviar; una línea que nadie vinculó todavía solo se nombra."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sessions", nargs="*", type=int, metavar="ID", help=_("solo estas sesiones"))
        parser.add_argument("--json", action="store_true", help=_("informe en JSON"))

    def handle(self, *_args: str, **options: Any) -> None:
        diagnoses = diagnose_all(_lines(options["sessions"]))
        if options["json"]:
            self.stdout.write(json.dumps([each.as_json() for each in diagnoses], ensure_ascii=False, indent=2))
        else:
            self._tell(diagnoses)
        if not all(each.works for each in diagnoses):
            sys.exit(1)

    def _tell(self, diagnoses: Iterable[Diagnosis]) -> None:
        styles = {Level.OK: self.style.SUCCESS, Level.WARNING: self.style.WARNING, Level.ERROR: self.style.ERROR}
        for diagnosis in diagnoses:
            name = diagnosis.line.name or _("Sin sesiones todavía: la dirección configurada")
            self.stdout.write(f"{name} — {diagnosis.line.config.base_url} {diagnosis.version}".rstrip())
            for finding in diagnosis.findings:
                self.stdout.write(styles[finding.level](f"  {_MARKS[finding.level]} {finding.text}"))
                if finding.cure:
                    self.stdout.write(f"    {finding.cure}")


def _lines(wanted: list[int]) -> list[Line]:
    sessions = WhatsAppSession.objects.order_by("id")
    if wanted:
        sessions = sessions.filter(pk__in=wanted)
        missing = sorted(set(wanted) - set(sessions.values_list("pk", flat=True)))
        if missing:
            raise CommandError(_("No existe ninguna sesión con el número %(id)s.") % {"id": missing[0]})
    lines = [
        Line(
            config=session.gateway_config(),
            name=session.name,
            session_id=session.pk,
            takes_callbacks=bool(session.webhook_secret),
            paired=session.paired_at is not None,
        )
        for session in sessions
    ]
    return lines or [Line(config=_configured_address())]


def _configured_address() -> GatewayConfig:
    return GatewayConfig(
        kind=GatewayKind.SESSION_MANAGER.value,
        base_url=settings.SESSION_MANAGER_BASE_URL,
        tenant_id="",
        token=settings.SESSION_MANAGER_TOKEN,
    )
