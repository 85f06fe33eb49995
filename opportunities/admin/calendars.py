"""Calendars and holidays as the desk keeps them: a change shows which open timers move, and then moves them with it.

These take the place of the calendars' own pages, because those know of no opportunity.
"""

from __future__ import annotations

from typing import TypeVar

from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.admin import OperatingCalendarAdmin
from leadmaster.calendars.arithmetic import NeverOpens
from leadmaster.calendars.errors import Refused as CalendarRefused
from leadmaster.calendars.holiday_admin import HolidayAdmin
from leadmaster.calendars.hours_admin import Change, HoursAdmin
from leadmaster.calendars.models import Holiday, OperatingCalendar
from leadmaster.calendars.querysets import OperatingCalendarQuerySet
from opportunities import rehearsals, retiming
from opportunities.admin import rehearsing
from opportunities.admin.base import person, team_ids_of
from opportunities.errors import Refused
from opportunities.models import Desk

M = TypeVar("M", bound=Model)


class RehearsedAdmin(HoursAdmin[M]):
    def seen(self, request: HttpRequest) -> OperatingCalendarQuerySet:
        """Those of the person's desks too, whoever they belong to."""
        known = super().seen(request).values("pk")
        used = Desk.objects.filter(team__in=team_ids_of(request.user)).values("calendar")
        return OperatingCalendar.objects.filter(Q(pk__in=known) | Q(pk__in=used))

    def kept(self, request: HttpRequest) -> OperatingCalendarQuerySet:
        """Of those, the ones by which nobody else's desk works."""
        user = request.user
        if not isinstance(user, User) or user.is_administrator:
            return super().kept(request)
        teams = team_ids_of(user)
        known = super().kept(request).values("pk")
        used = Desk.objects.filter(team__in=teams).values("calendar")
        others = Desk.objects.exclude(team__in=teams).values("calendar")
        mine = OperatingCalendar.objects.filter(Q(pk__in=known) | Q(pk__in=used), is_general__isnull=True)
        return mine.exclude(pk__in=others)

    def change_hours(self, request: HttpRequest, change: Change) -> HttpResponse | None:
        now = timezone.now()
        mark = rehearsing.seal(change.calendar.pk, change.calendar.as_value(), change.new)
        try:
            if not rehearsing.was_read(request, mark):
                rehearsal = rehearsals.rehearse_calendar(change.calendar, new=change.new, now=now)
                if rehearsal.touches:
                    return rehearsing.page(
                        request,
                        rehearsal,
                        mark=mark,
                        title=_("Cambio de horario · %(name)s") % {"name": change.calendar.name},
                        back=request.path,
                        context={**self.admin_site.each_context(request), "opts": self.opts},
                        facts=[
                            (_("Plazos que quedan igual"), rehearsal.unchanged),
                            (_("Plazos más lejanos"), rehearsal.unseen),
                        ],
                    )
            retimed = retiming.change_calendar(change.calendar, change.save, by=person(request), now=now)
        except NeverOpens:
            raise CalendarRefused(_("Con ese horario los plazos abiertos no terminarían nunca.")) from None
        except Refused as refusal:
            raise CalendarRefused(str(refusal)) from refusal
        rehearsing.tell(request, retimed)
        return None


@admin.register(OperatingCalendar)
class DeskCalendarAdmin(RehearsedAdmin[OperatingCalendar], OperatingCalendarAdmin):
    pass


@admin.register(Holiday)
class DeskHolidayAdmin(RehearsedAdmin[Holiday], HolidayAdmin):
    pass
