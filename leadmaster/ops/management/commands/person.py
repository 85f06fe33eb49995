"""`manage.py person export|erase PHONE`: what is held of one person, told or taken out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand
from leadmaster.ops.privacy import run
from leadmaster.ops.privacy.part import NotNow, Person


class Command(BaseCommand):
    help = gettext_lazy(
        "Datos personales de quien tiene este teléfono. export los muestra todos en JSON; erase borra textos, nombres y "
        "contactos, deja los estados y las cuentas como están, y la persona no recibe nada más. Los dos quedan registrados."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", metavar="ACCIÓN", choices=("export", "erase"), help=_("export o erase"))
        parser.add_argument("phone", metavar="TELÉFONO", help=_("como lo escribe la gente, o con + y el país"))
        parser.add_argument("--by", metavar="USUARIO", help=_("quién lo pide"), required=True)
        parser.add_argument("--reason", default="", help=_("el motivo: queda en el registro"))
        parser.add_argument(
            "--region",
            default=settings.CLIENTS_REGION,
            help=_("país de un teléfono sin + (por omisión: %(default)s)"),
        )
        parser.add_argument(
            "--output", type=Path, help=_("con export: escribe en este archivo en lugar de la terminal")
        )
        parser.add_argument("--yes", action="store_true", help=_("con erase: no pide confirmación"))

    def handle(self, *args: Any, **options: Any) -> None:
        by_id = _administrator(options["by"])
        try:
            person = run.person_of(options["phone"], region=options["region"].upper())
            if options["action"] == "export":
                self._export(person, by_id=by_id, options=options)
            else:
                self._erase(person, by_id=by_id, options=options)
        except NotNow as refusal:
            raise CommandError(str(refusal)) from None

    def _export(self, person: Person, *, by_id: int, options: dict[str, Any]) -> None:
        held = run.export(person, by_id=by_id, reason=options["reason"], now=database_now())
        text = json.dumps(held, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        if options["output"] is None:
            self.stdout.write(text)
            return
        options["output"].touch(mode=0o600)
        options["output"].write_text(text, "utf-8")

    def _erase(self, person: Person, *, by_id: int, options: dict[str, Any]) -> None:
        if not options["yes"]:
            for kind, number in run.count(person).items():
                self.stdout.write(f"{kind}: {number}")
            self.stdout.write(_("No se puede deshacer. Escribe BORRAR para seguir: "), ending="")
            self.stdout.flush()
            if input().strip() != "BORRAR":
                raise CommandError(_("No se borró nada."))
        erased = run.erase(person, by_id=by_id, reason=options["reason"], now=database_now())
        for kind, number in erased.items():
            if number:
                self.stdout.write(f"{kind}: {number}")
        self.stdout.write(_("Borrado. La persona no recibe nada más, aunque vuelva en otra lista."))


def _administrator(username: str) -> int:
    """The id of who asks: their name stays on the request, so it is one that may."""
    model = get_user_model()
    found = model._default_manager.filter(**{model.USERNAME_FIELD: username, "is_active": True}).first()
    if found is None or not found.has_perm("ops.handle_personal_data"):
        raise CommandError(_("Escribe con --by el usuario de alguien que administra."))
    return int(found.pk)
