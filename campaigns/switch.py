"""The kill switch: off in the environment or off in the admin means that nothing goes out."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import JournalReport, SenderSwitch
from leadmaster.accounts.models import User


def is_on() -> bool:
    """Whether automatic sending is on. One query at the most."""
    if not settings.AUTO_CAMPAIGNS_ENABLED:
        return False
    return not was_turned_off()


def was_turned_off() -> bool:
    """Whether the last turn of the switch was off, whatever the environment says. One query."""
    return SenderSwitch.objects.order_by("-id").values_list("on", flat=True).first() is False


def turn(*, on: bool, by: User | None, reason: str, now: dt.datetime) -> SenderSwitch:
    """Turn it, with author and reason. `by=None` is the system, which only ever turns it off.

    After a restore it stays off until each machine's journal was read or given up (WrongState says whose are missing).
    """
    if by is None and on:
        raise NotAllowed(_("Solo una persona puede volver a encender los envíos."))
    if by is not None and not by.has_perm("campaigns.switch_sender"):
        raise NotAllowed(_("No tienes permiso para apagar o encender los envíos."))
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo: queda en el historial del interruptor."))
    if on:
        _require_every_journal()
    return SenderSwitch.objects.create(on=on, at=now, by=by, reason=reason.strip()[:300])


def _require_every_journal() -> None:
    missing = JournalReport.objects.awaited().values_list("sender__name", flat=True)
    if names := ", ".join(sorted(set(missing))):
        raise WrongState(
            _(
                "La base volvió de un respaldo y falta leer el diario de: %(names)s. Enciende esos equipos, o da su "
                "diario por perdido en “Diarios de envíos”."
            )
            % {"names": names}
        )
