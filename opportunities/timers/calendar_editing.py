"""Who reads and who changes which hours, and how a change of them is agreed to: on the pages and over the API alike."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import Calendar, NeverOpens, TooFar
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.querysets import OperatingCalendarQuerySet
from opportunities.errors import Incomplete, NotAllowed
from opportunities.models import Desk
from opportunities.scope import team_ids_of
from opportunities.timers import agreement, preview, recalculation
from opportunities.timers.preview import DeskRehearsal
from opportunities.timers.recalculation import Applied


def seen_by(user: User) -> OperatingCalendarQuerySet:
    """The general one, those of one's teams, and those by which one's desks work."""
    desks = Desk.objects.filter(Q(team__in=team_ids_of(user)) | Q(promoters__user=user))
    known = OperatingCalendar.objects.visible_to(user)
    return OperatingCalendar.objects.filter(Q(pk__in=known.values("pk")) | Q(pk__in=desks.values("calendar")))


def kept_by(user: User) -> OperatingCalendarQuerySet:
    """Of those, the ones that this person may change: nobody else's desk works by them."""
    if user.is_administrator:
        return OperatingCalendar.objects.kept_by(user)
    teams = team_ids_of(user)
    known = OperatingCalendar.objects.kept_by(user).values("pk")
    used = Desk.objects.filter(team__in=teams).values("calendar")
    others = Desk.objects.exclude(team__in=teams).values("calendar")
    mine = OperatingCalendar.objects.filter(Q(pk__in=known) | Q(pk__in=used), is_general__isnull=True)
    return mine.exclude(pk__in=others)


def require_keeper(user: User, calendar: OperatingCalendar) -> None:
    """Raise NotAllowed for hours by which others work: their deadlines are not this person's to see or to move."""
    if not kept_by(user).filter(pk=calendar.pk).exists():
        raise NotAllowed(_("Por este horario trabajan también otros equipos: pide el cambio a un administrador."))


def rehearse(calendar: OperatingCalendar, *, new: Calendar, now: dt.datetime) -> DeskRehearsal:
    """Which open clocks it would move. Raises Incomplete for hours that would never end one."""
    with ending():
        return preview.rehearse_calendar(calendar, new=new, now=now)


def rehearse_desk(desk: Desk, *, calendar: OperatingCalendar, now: dt.datetime) -> DeskRehearsal:
    """Which open clocks another calendar for this desk would move. Raises Incomplete likewise."""
    with ending():
        return preview.rehearse_desk(desk, calendar=calendar, now=now)


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Turns hours that would never end a clock into a refusal that says so."""
    try:
        yield
    except TooFar:
        raise Incomplete(_("Con ese horario algún plazo abierto tardaría más de treinta años.")) from None
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
    """Write other hours that were agreed to: `rehearsed` is the token of this change's preview, or it moves no open clock.

    Raises NotAllowed, Stale (not rehearsed, or somebody changed the hours since), WrongState or Incomplete.
    """
    require_keeper(by, calendar)
    old = calendar.as_value()
    agreement.require(
        agreement.of_hours(calendar, old=old, new=new),
        agreed=rehearsed,
        touched=lambda: rehearse(calendar, new=new, now=now).touches,
    )
    return recalculation.change_calendar(calendar, save, by=by, now=now, seen=old)
