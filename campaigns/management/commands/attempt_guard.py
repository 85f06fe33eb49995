"""`manage.py attempt_guard`: closed tries that the database itself keeps as they are."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import attempt_guard
from leadmaster.lib.commands import BaseCommand


class Command(BaseCommand):
    help = gettext_lazy(
        "Disparadores con los que la base de datos no deja cambiar ni borrar un intento cerrado. check termina con 1 si "
        "no están o son de otra versión; install los pone, remove los quita. Después de cada migrate, install otra vez."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "action", metavar="ACCIÓN", choices=("check", "install", "remove"), help=_("check, install o remove")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._act(options["action"])
        except DatabaseError as error:
            raise CommandError(
                _(
                    "La base de datos no lo permite: %(why)s. El usuario de LeadMaster necesita el permiso TRIGGER, y con "
                    "el registro binario activo el servidor necesita log_bin_trust_function_creators = 1."
                )
                % {"why": error.args[-1] if error.args else error}
            ) from error

    def _act(self, action: str) -> None:
        if action == "install":
            attempt_guard.install()
        elif action == "remove":
            attempt_guard.remove()
        if attempt_guard.is_installed():
            self.stdout.write(_("Los intentos cerrados no se pueden cambiar ni borrar en la base de datos."))
            return
        self.stdout.write(
            _("La base de datos deja cambiar intentos cerrados. Ponlo con: manage.py attempt_guard install")
        )
        if action == "check":
            raise SystemExit(1)
