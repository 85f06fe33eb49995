"""The kill switch: off in the environment or off in the admin means that nothing goes out."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.errors import Incomplete, NotAllowed
from campaigns.models import SenderSwitch
from leadmaster.accounts.models import User


def is_on() -> bool:
    """Whether automatic sending is on. One query at the most."""
    if not settings.AUTO_CAMPAIGNS_ENABLED:
        return False
    last = SenderSwitch.objects.order_by("-id").values_list("on", flat=True).first()
    return last is None or last


def turn(*, on: bool, by: User | None, reason: str, now: dt.datetime) -> SenderSwitch:
    """Turn it, with author and reason. `by=None` is the system, which only ever turns it off."""
    if by is None and on:
        raise NotAllowed(_("Solo una persona puede volver a encender los envíos."))
    if by is not None and not by.has_perm("campaigns.switch_sender"):
        raise NotAllowed(_("No tienes permiso para apagar o encender los envíos."))
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo: queda en el historial del interruptor."))
    return SenderSwitch.objects.create(on=on, at=now, by=by, reason=reason.strip()[:300])
