"""`manage.py reseal_secrets`: after a new FIELD_ENCRYPTION_KEY, nothing is left under the old one."""

from __future__ import annotations

import sys
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.commands import BaseCommand
from leadmaster.ops.resealing import reseal


class Command(BaseCommand):
    help = gettext_lazy(
        "Vuelve a sellar con la FIELD_ENCRYPTION_KEY de hoy lo que se selló con las de FIELD_ENCRYPTION_OLD_KEYS. Se puede "
        "repetir. Termina con 1 si algo no abre con ninguna."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = reseal()
        self.stdout.write(
            _("Ya tenían la clave de hoy: %(current)d. Sellados de nuevo: %(resealed)d.")
            % {"current": report.current, "resealed": report.resealed}
        )
        for place in report.unreadable:
            self.stderr.write(_("No abre con ninguna clave: %(place)s. Vuelve a cargarlo.") % {"place": place})
        if report.unreadable:
            sys.exit(1)
