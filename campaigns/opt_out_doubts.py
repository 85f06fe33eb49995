"""What may have been an opt-out: nothing is sent to that number until a person says what was meant.

A doubt is an exclusion with a source of its own. What waits for the number is not cancelled, as with the others, but
stays pending; it goes out after "no", and is cancelled with "yes".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.errors import Incomplete, NotAllowed
from campaigns.opt_ins import end_exclusion, spellings
from campaigns.suppressions import DOUBTS_ALERT, close_alert_of_doubts, suppress
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression, SuppressionLift
from leadmaster.ops.alerts import raise_alert
from leadmaster.ops.models import Alert

_PERMISSION = "directory.add_suppression"


def hold(phones: Iterable[str], *, text: str, now: dt.datetime) -> None:
    """Write nothing more to these numbers of one person until somebody decides. Repetition changes nothing."""
    for phone in phones:
        Suppression.objects.get_or_create(
            phone=phone,
            defaults={"source": Suppression.Source.DOUBT, "reason": text.strip()[:200], "created_at": now},
        )
    if Suppression.objects.in_doubt().exists():
        raise_alert(
            DOUBTS_ALERT,
            title=_("¿Pidieron la baja?"),
            # It leaves by mail, so it names nobody: the page does.
            body=_(
                "Alguien escribió algo que puede ser un pedido de baja. Mientras tanto no se le escribe: decídelo en "
                "Números excluidos, con un toque."
            ),
            severity=Alert.Severity.WARNING,
            now=now,
        )


def confirm(row: Suppression, *, by: User, now: dt.datetime) -> int:
    """It was an opt-out: the number stays out, and what waits for it is cancelled. Returns how many envíos that was.

    Raises NotAllowed; Incomplete when the doubt was decided meanwhile.
    """
    _require_permission(by)
    _require_doubt(row)
    cancelled = 0
    for phone in sorted(spellings(row.phone)):
        for one in Suppression.objects.in_doubt().filter(phone=phone):
            cancelled += suppress(phone, source=Suppression.Source.REPLY, reason=one.reason, by=by, now=now)[1]
    return cancelled


def dismiss(row: Suppression, *, by: User, now: dt.datetime) -> SuppressionLift:
    """It was none: campaigns write to the number again, and what waits for it goes out in its turn.

    Raises NotAllowed; Incomplete when the doubt was decided meanwhile.
    """
    _require_permission(by)
    with transaction.atomic():
        doubts = Suppression.objects.in_doubt().filter(phone__in=spellings(row.phone))
        rows = list(doubts.select_for_update().order_by("id"))
        if row.pk not in {one.pk for one in rows}:
            raise _decided()
        ended = [end_exclusion(one, by=by, reason=_("No pidió la baja."), now=now) for one in rows]
        close_alert_of_doubts(now=now)
    return next(one for one in ended if one.phone == row.phone)


def _require_permission(by: User) -> None:
    if not by.has_perm(_PERMISSION):
        raise NotAllowed(_("Lo decide quien supervisa o administra."))


def _require_doubt(row: Suppression) -> None:
    if not Suppression.objects.in_doubt().filter(pk=row.pk).exists():
        raise _decided()


def _decided() -> Incomplete:
    return Incomplete(_("Eso ya se decidió: mira la lista de números excluidos."))
