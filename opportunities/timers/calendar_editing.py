"""Who reads and who changes which hours, and how a change of them is agreed to: on the pages and over the API alike."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

from django.db.models import Q
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import Calendar, NeverOpens
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.querysets import OperatingCalendarQuerySet
from leadmaster.calendars.serialization import fingerprint
from opportunities.errors import Incomplete, NotAllowed, Stale
from opportunities.models import Desk
from opportunities.timers import preview, recalculation
from opportunities.timers.preview import DeskRehearsal
from opportunities.timers.recalculation import Applied


def seen_by(user: User) -> OperatingCalendarQuerySet:
    """The general one, those of one's teams, and those by which one's desks work."""
    desks = Desk.objects.filter(Q(team__in=_decided_teams(user)) | Q(promoters__user=user))
    known = OperatingCalendar.objects.visible_to(user)
    return OperatingCalendar.objects.filter(Q(pk__in=known.values("pk")) | Q(pk__in=desks.values("calendar")))


def kept_by(user: User) -> OperatingCalendarQuerySet:
    """Of those, the ones that this person may change: nobody else's desk works by them."""
    if user.is_administrator:
        return OperatingCalendar.objects.kept_by(user)
    teams = _decided_teams(user)
    known = OperatingCalendar.objects.kept_by(user).values("pk")
    used = Desk.objects.filter(team__in=teams).values("calendar")
    others = Desk.objects.exclude(team__in=teams).values("calendar")
    mine = OperatingCalendar.objects.filter(Q(pk__in=known) | Q(pk__in=used), is_general__isnull=True)
    return mine.exclude(pk__in=others)


def require_keeper(user: User, calendar: OperatingCalendar) -> None:
    """Raise NotAllowed for hours by which others work: their deadlines are not this person's to see or to move."""
    if not kept_by(user).filter(pk=calendar.pk).exists():
        raise NotAllowed(_("Por este horario trabajan también otros equipos: pide el cambio a un administrador."))


def preview_token(calendar: OperatingCalendar, *, old: Calendar, new: Calendar) -> str:
    """A short name for exactly this change of exactly these hours."""
    parts = f"{calendar.pk}/{fingerprint(old)}/{fingerprint(new)}"
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def rehearse(calendar: OperatingCalendar, *, new: Calendar, now: dt.datetime) -> DeskRehearsal:
    """Which open clocks it would move. Raises Incomplete for hours that would never end one."""
    try:
        return preview.rehearse_calendar(calendar, new=new, now=now)
    except NeverOpens:
        raise Incomplete(_("Con ese horario los plazos abiertos no terminarían nunca.")) from None


def change(
    calendar: OperatingCalendar,
    save: Callable[[], object],
    *,
    new: Calendar,
    rehearsed: str,
    by: User,
    now: dt.datetime,
) -> Applied:
    """Write other hours that were agreed to: `rehearsed` is the seal of this change, or it moves no open clock.

    Raises NotAllowed, Stale (not rehearsed, or somebody changed the hours since), WrongState or Incomplete.
    """
    require_keeper(by, calendar)
    old = calendar.as_value()
    if rehearsed != preview_token(calendar, old=old, new=new):
        if rehearsed:
            raise Stale(_("El horario cambió desde que lo ensayaste, o este es otro cambio: ensáyalo de nuevo."))
        touched = rehearse(calendar, new=new, now=now).touches
        if touched:
            raise Stale(preview.unread(touched))
    return recalculation.change_calendar(calendar, save, by=by, now=now, seen=old)


def _decided_teams(user: User) -> list[int]:
    if user.is_administrator:
        return list(Desk.objects.order_by("team").values_list("team", flat=True))
    return list(user.supervised_teams.order_by("pk").values_list("pk", flat=True))
