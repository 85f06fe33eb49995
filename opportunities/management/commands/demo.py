"""`manage.py demo`: fills an empty database with a believable team at work."""

from __future__ import annotations

import random
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.demo import people, stories
from leadmaster.accounts.models import User
from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand
from leadmaster.ops.reconciliation import nightly
from opportunities.demo import days


class Command(BaseCommand):
    help = gettext_lazy("Llena una base vacía con un equipo de demostración trabajando.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help=_("si ya hay personas, no hace nada y no es un error")
        )
        parser.add_argument(
            "--reset", action="store_true", help=_("borra TODO lo que hay en la base y empieza de nuevo")
        )
        parser.add_argument("--yes", action="store_true", help=_("con --reset: no pide confirmación"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["reset"]:
            self._reset(confirmed=options["yes"])
        if User.objects.exists():
            if not options["if_empty"]:
                raise CommandError(
                    _(
                        "La base no está vacía: la demostración no se mezcla con datos de verdad. "
                        "Usa otra base (DATABASE_URL), o --reset para borrar todo lo que hay en esta."
                    )
                )
            if User.objects.filter(username="laura", email="laura@example.com").exists():
                self.stdout.write(people.logins())
            return
        try:
            self._fill()
        except BaseException:
            # It was empty a moment ago: half a demonstration would only puzzle the next run.
            call_command("flush", interactive=False, verbosity=0)
            raise
        self.stdout.write(people.logins())

    def _fill(self) -> None:
        if connection.vendor == "sqlite":
            # There is nothing to lose yet, and hundreds of small commits would each wait for the disk.
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA synchronous=OFF")
        now, chance = database_now(), random.Random(20)  # noqa: S311 - the same team every time
        staff = people.hire()
        lines = people.connect_lines(staff)
        stories.suppress(staff, now=now)
        stories.finished(staff, lines, now=now, chance=chance)
        stories.in_doubt(staff, lines, now=now, chance=chance)
        stories.awaiting_approval(staff, lines, now=now, chance=chance)
        stories.being_written(staff, lines, now=now)
        stories.running(staff, lines, now=now, chance=chance)
        days.work(staff, lines, now=now, chance=chance)
        nightly.look_at_once(now)

    def _reset(self, *, confirmed: bool) -> None:
        name = settings.DATABASES["default"]["NAME"]
        if not confirmed:
            self.stdout.write(
                _("Se va a borrar TODO en la base %(name)s. Escribe su nombre para seguir: ") % {"name": name},
                ending="",
            )
            self.stdout.flush()
            if input().strip() != str(name):
                raise CommandError(_("No se borró nada."))
        call_command("flush", interactive=False, verbosity=0)
