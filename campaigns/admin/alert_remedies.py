"""What a person can do about the alerts that they see: a line's button follows where the line stands now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from leadmaster.ops.alert_kinds import Remedy, family, remedy, row_id
from leadmaster.ops.models import Alert
from whatsapp.models import WhatsAppSession
from whatsapp.screens import session_advice
from whatsapp.standing import Standing, standing

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_LINE: Final = "session"
_PAIR, _CHANGE = "whatsapp.pair_whatsappsession", "whatsapp.change_whatsappsession"

# Label, page and permission of the step that ends it. Where there is none, the line's own page tells more.
_STEPS: Final[dict[Standing, tuple[_StrPromise, str, str]]] = {
    Standing.UNPAIRED: (_("Vincular"), "pair", _PAIR),
    Standing.AWAITING_QR: (_("Vincular"), "pair", _PAIR),
    Standing.LOGGED_OUT: (_("Vincular"), "pair", _PAIR),
    Standing.DISCONNECTED: (_("Conectar"), "connect", _PAIR),
    Standing.PAUSED: (_("Quitar la pausa"), "unpause", _PAIR),
    Standing.MUTE: (_("Enviar una prueba"), "test", _PAIR),
    Standing.DEAF: (_("Soltar el freno"), "lift_deaf", _CHANGE),
}


def remedies(alerts: Sequence[Alert], user: User, now: dt.datetime) -> dict[int, Remedy]:
    """By alert. One query more where some of them speak of lines."""
    ids = [row_id(alert.key) for alert in alerts if family(alert.key) == _LINE]
    lines = WhatsAppSession.objects.visible_to(user).in_bulk([pk for pk in ids if pk is not None]) if ids else {}
    found = {}
    for alert in alerts:
        line = lines.get(row_id(alert.key) or 0) if family(alert.key) == _LINE else None
        found[alert.pk] = remedy(alert, user) if line is None else _of_line(line, alert, user, now)
    return found


def _of_line(line: WhatsAppSession, alert: Alert, user: User, now: dt.datetime) -> Remedy:
    general = remedy(alert, user)
    step = _STEPS.get(standing(line, now))
    advice = session_advice(line, now)
    if step is None or not user.has_perm(step[2]):
        return Remedy(advice=advice, button=general.button, url=general.url)
    url = reverse(f"admin:whatsapp_whatsappsession_{step[1]}", args=[line.pk])
    return Remedy(advice=advice, button=str(step[0]), url=url)
