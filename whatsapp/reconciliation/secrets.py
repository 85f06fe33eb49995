"""Tokens and secrets that this installation's key does not open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import cast

from django.db import connection
from django.db.models import ExpressionWrapper, F, QuerySet, TextField
from django.utils.translation import gettext as _

from leadmaster.lib.crypto import SecretError
from leadmaster.lib.fields import EncryptedTextField
from leadmaster.ops.reconciliation.check import Check, Finding
from whatsapp.models import WhatsAppSession

_SEALED = ("token", "webhook_secret", "verify_token")


class SecretUnreadable(Check[WhatsAppSession]):
    """Written with another key, or damaged: every page and every tick that reads this line fails."""

    area = "sessions"
    name = "sessions.secret"

    def rows(self) -> QuerySet[WhatsAppSession]:
        return WhatsAppSession.objects.all()

    def suspects(self, rows: QuerySet[WhatsAppSession], *, now: dt.datetime) -> Iterable[int]:
        return [pk for pk, closed in _closed(rows) if closed]

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        # Whoever saves a line writes the whole row: it is locked without being read.
        rows = self.rows().filter(pk=pk)
        if not rows.select_for_update(skip_locked=True).values_list("pk", flat=True):
            return None
        [(_pk, closed)] = _closed(rows)
        if not closed:
            return None
        return self.found(
            pk,
            _("Esta instalación no puede leer %(what)s: devuelve la clave con que se escribió, o vuelve a cargarlo.")
            % {"what": ", ".join(str(_field(name).verbose_name) for name in closed)},
            fields=closed,
        )


def _closed(rows: QuerySet[WhatsAppSession]) -> list[tuple[int, list[str]]]:
    """Of each line the fields that don't open. As they are kept: reading the row itself would raise."""
    kept = {f"kept_{name}": ExpressionWrapper(F(name), output_field=TextField()) for name in _SEALED}
    found = rows.annotate(**kept).values_list("pk", *kept)
    return [
        (pk, [name for name, value in zip(_SEALED, values, strict=True) if not _opens(name, value)])
        for pk, *values in found
    ]


def _opens(name: str, sealed: str) -> bool:
    try:
        _field(name).from_db_value(sealed, None, connection)
    except SecretError:
        return False
    return True


def _field(name: str) -> EncryptedTextField:
    return cast(EncryptedTextField, WhatsAppSession._meta.get_field(name))
