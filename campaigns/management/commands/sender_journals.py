"""`manage.py sender_journals`: which machines send, and what their journals said after a restore."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import restores
from campaigns.errors import Refused
from campaigns.models import JournalReport, Sender
from leadmaster.accounts.models import User
from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand


class Command(BaseCommand):
    help = gettext_lazy(
        "Muestra los equipos que envían y los diarios que faltan después de restaurar la base. Con --restored avisa que "
        "la base volvió de un respaldo; con --lost da por perdido el diario de un equipo."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--restored", action="store_true", help=_("la base volvió de un respaldo: apaga los envíos"))
        what.add_argument("--lost", metavar="EQUIPO", help=_("el diario de este equipo no vuelve"))
        parser.add_argument("--by", metavar="USUARIO", help=_("quién lo dice"))
        parser.add_argument("--reason", default="", help=_("el motivo: queda en el historial"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["restored"]:
                restores.declare_restored(by=_person(options["by"]), reason=options["reason"], now=database_now())
            elif options["lost"]:
                self._give_up(options["lost"], by=_person(options["by"]), reason=options["reason"])
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self._show()

    def _give_up(self, name: str, *, by: User, reason: str) -> None:
        reports = list(JournalReport.objects.awaited().filter(sender__name=name))
        if not reports:
            raise CommandError(
                _("No falta ningún diario de “%(name)s”. Sin opciones, esta orden muestra los que faltan.")
                % {"name": name}
            )
        for report in reports:
            restores.declare_lost(report, by=by, reason=reason, now=database_now())

    def _show(self) -> None:
        awaited = set(restores.names_awaited())
        for sender in Sender.objects.all():
            seen = {
                "name": sender.name,
                "at": f"{sender.last_seen_at:%Y-%m-%d %H:%M}",
                "standing": _("falta su diario") if sender.name in awaited else _("al día"),
            }
            self.stdout.write(_("%(name)s: visto %(at)s UTC, %(standing)s") % seen)
        if awaited:
            self.stdout.write(
                _("Los envíos no se pueden encender hasta leer esos diarios o darlos por perdidos (--lost).")
            )


def _person(username: str | None) -> User:
    found = User.objects.filter(**{User.USERNAME_FIELD: username}).first() if username else None
    if found is None:
        raise CommandError(_("Escribe con --by el usuario de la persona que lo decide."))
    return found
