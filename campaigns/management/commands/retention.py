"""`manage.py retention`: what is older than the settings keep it."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import retention
from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand


class Command(BaseCommand):
    help = gettext_lazy(
        "Cuenta los textos, los archivos y los informes que son más viejos que lo que RETENTION_TEXT_DAYS, "
        "RETENTION_UPLOAD_DAYS y RETENTION_REPORT_DAYS guardan. Sin --apply no borra nada."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help=_("los borra; los envíos siguen contados"))
        parser.add_argument("--json", action="store_true", help=_("informe en JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        found = retention.forget(database_now(), apply=options["apply"])
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        names = {
            "messages": _("Textos de mensajes"),
            "replies": _("Respuestas"),
            "uploads": _("Archivos subidos"),
            "reports": _("Informes de importaciones"),
        }
        for kind, number in found.items():
            self.stdout.write(f"{names[kind]}: {number}")
        if not found:
            self.stdout.write(_("Ningún ajuste pone un plazo: todo se guarda."))
        elif not options["apply"]:
            self.stdout.write(_("Simulación: no se borró nada."))
