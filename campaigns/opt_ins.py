"""Exclusions that end: whoever wants to hear from us again asks for it, and a person decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import opt_out_confirmations
from campaigns.errors import Incomplete, NotAllowed
from campaigns.opt_outs import says_only
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression, SuppressionLift
from leadmaster.lib.phones.spellings import spellings
from leadmaster.ops.alerts import raise_alert, resolve_alert
from leadmaster.ops.models import Alert

# The whole message has to be one of these, as with those that ask to be left alone.
OPT_IN = frozenset(
    {
        "alta",
        "dame de alta",
        "dar de alta",
        "darme de alta",
        "denme de alta",
        "quiero darme de alta",
        "quiero recibir mensajes",
        "quiero volver",
        "reactivar",
        "start",
        "subscribe",
        "suscribir",
        "suscribirme",
        "unstop",
        "voltar",
    }
)
_PERMISSION = "directory.delete_suppression"


def is_opt_in(text: str) -> bool:
    """Whether this is one of the words, whatever its case, accents, punctuation and courtesy around it."""
    return says_only(text, OPT_IN)


def ask_back(phones: Iterable[str], *, now: dt.datetime) -> bool:
    """Somebody behind these numbers wants to hear from us again. Nothing is lifted: supervisors are told.

    Returns whether they were excluded. Repetition changes nothing but the moment.
    """
    rows = list(Suppression.objects.filter(phone__in=set(phones)))
    for row in rows:
        Suppression.objects.filter(pk=row.pk).update(asked_back_at=now)
        raise_alert(
            _key(row),
            title=_("Alguien que pidió no recibir mensajes quiere volver"),
            # It leaves by mail, so it names nobody: the list does.
            body=_(
                "Está entre los números excluidos, con la marca “Pidió volver”. Quien administra levanta la exclusión."
            ),
            severity=Alert.Severity.INFO,
            now=now,
        )
    return bool(rows)


def lift(row: Suppression, *, by: User, reason: str, now: dt.datetime) -> SuppressionLift:
    """Write to this number again from now on, however WhatsApp spells it; what was cancelled stays cancelled.

    Raises NotAllowed, or Incomplete without a reason; a number that is not excluded any more is Incomplete too.
    """
    if not by.has_perm(_PERMISSION):
        raise NotAllowed(_("Solo quien administra puede levantar una exclusión."))
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo: queda en el historial."))
    with transaction.atomic():
        rows = list(Suppression.objects.select_for_update().filter(phone__in=spellings(row.phone)).order_by("id"))
        if row.pk not in {one.pk for one in rows}:
            raise Incomplete(_("Ese número ya no está excluido."))
        lifted = [end_exclusion(one, by=by, reason=reason.strip(), now=now) for one in rows]
    return next(one for one in lifted if one.phone == row.phone)


def end_exclusion(row: Suppression, *, by: User, reason: str, now: dt.datetime) -> SuppressionLift:
    """Remove a row that the caller has locked, and keep who, why and what it was."""
    kept = SuppressionLift.objects.create(
        phone=row.phone,
        source=row.source,
        suppressed_reason=row.reason,
        suppressed_at=row.created_at,
        suppressed_by=row.created_by,
        lifted_by=by,
        reason=reason[:300],
        lifted_at=now,
    )
    resolve_alert(_key(row), now=now)
    opt_out_confirmations.forget(row.phone)
    row.delete()
    return kept


def _key(row: Suppression) -> str:
    return f"asked-back:{row.pk}"
