"""The kill switch: off in the environment or off in the admin means that nothing goes out."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import JournalReport, SenderSwitch, SessionDay
from leadmaster.accounts.models import User
from whatsapp import warm_up

# With so many messages a day and line it goes on after an automatic stop.
COMEBACK_CAP: Final = 10
# For so long at least.
WATCHED: Final = dt.timedelta(hours=48)


def is_on() -> bool:
    """Whether automatic sending is on. One query at the most."""
    return settings.AUTO_CAMPAIGNS_ENABLED and not was_turned_off()


def was_turned_off() -> bool:
    """Whether the last turn of the switch was off, whatever the environment says. One query."""
    return SenderSwitch.objects.order_by("-id").values_list("on", flat=True).first() is False


def turn(*, on: bool, by: User | None, reason: str, now: dt.datetime) -> SenderSwitch:
    """Turn it, with author and reason. `by=None` is the system, which only ever turns it off.

    After an automatic stop it goes on with a small cap for each line (`campaigns.comeback`). After a restore it stays off until each machine's journal was read or given up (WrongState says whose are missing).
    """
    if by is None and on:
        raise NotAllowed(_("Solo una persona puede volver a encender los envíos."))
    if by is not None:
        _require_permission(by)
    _require_reason(reason)
    turned = SenderSwitch(on=on, at=now, by=by, reason=reason.strip()[:300])
    if on:
        _require_every_journal()
        turned.cap = next_cap()
        turned.used_before = {} if turned.cap is None else _used_today(now)
    turned.save(force_insert=True)
    return turned


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


def stopped_by_itself() -> SenderSwitch | None:
    """The automatic stop that nobody has come back from yet: since when (`at`), and by what (`reason`). Two queries.

    A person who turned it off once more since then did not come back.
    """
    last_on = SenderSwitch.objects.filter(on=True).order_by("-id").values_list("pk", flat=True).first() or 0
    return SenderSwitch.objects.filter(pk__gt=last_on, on=False, by__isnull=True).order_by("id").first()


def last_turn() -> SenderSwitch | None:
    return SenderSwitch.objects.select_related("by").order_by("-id").first()


def capped() -> SenderSwitch | None:
    """The turn that set going with a cap, while the cap holds. One query."""
    last = last_turn()
    return last if last is not None and last.on and last.cap is not None else None


@transaction.atomic(durable=True)
def end_cap(turn: SenderSwitch, *, by: User | None, reason: str, now: dt.datetime) -> SenderSwitch:
    """The cap ends, and each line earns its own limit day by day. `by=None` is the system, which asked its criteria.

    Raises NotAllowed, Incomplete (no reason) or WrongState (somebody turned the switch since).
    """
    if by is not None:
        _require_permission(by)
    _require_reason(reason)
    last = SenderSwitch.objects.select_for_update().order_by("-id").first()
    if last is None or last.pk != turn.pk or last.cap is None:
        raise WrongState(_("Alguien movió el interruptor mientras tanto. Actualiza la página."))
    warm_up.begin_everywhere(now)
    return SenderSwitch.objects.create(on=True, at=now, by=by, reason=reason.strip()[:300])


def next_cap() -> int | None:
    """With which cap the switch goes on: the small one after an automatic stop, and until its criteria held."""
    if stopped_by_itself() is not None:
        return COMEBACK_CAP
    last_on = SenderSwitch.objects.filter(on=True).order_by("-id").only("cap").first()
    return None if last_on is None else last_on.cap


def _used_today(now: dt.datetime) -> dict[str, int]:
    """What each line's days had used by now: the cap counts from here. Somewhere it is still yesterday, or tomorrow."""
    around = (now - dt.timedelta(days=1)).date()
    rows = SessionDay.objects.filter(day__gte=around, used__gt=0).values_list("session_id", "day", "used")
    return {day_key(session, day): used for session, day, used in rows}


def day_key(session_id: int, day: dt.date) -> str:
    return f"{session_id}:{day.isoformat()}"


def _require_permission(by: User) -> None:
    if not by.has_perm("campaigns.switch_sender"):
        raise NotAllowed(_("No tienes permiso para apagar o encender los envíos."))


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo: queda en el historial del interruptor."))
