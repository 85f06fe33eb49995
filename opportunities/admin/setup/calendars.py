"""Calendars and holidays as the desk keeps them: a change shows which open timers move, and then moves them with it.

These take the place of the calendars' own pages, because those know of no opportunity.
"""

from __future__ import annotations

from typing import TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.calendar_admin import OperatingCalendarAdmin
from leadmaster.calendars.errors import Refused as CalendarRefused
from leadmaster.calendars.holiday_admin import HolidayAdmin
from leadmaster.calendars.hours_admin import Change, HoursAdmin
from leadmaster.calendars.models import Holiday, OperatingCalendar
from leadmaster.calendars.querysets import OperatingCalendarQuerySet
from opportunities.admin.base import current_user
from opportunities.admin.setup import preview_page
from opportunities.admin.setup.recalculation_banner import RecalculationAdmin
from opportunities.errors import Refused
from opportunities.timers import agreement, calendar_editing, recalculation

M = TypeVar("M", bound=Model)


class RehearsedAdmin(RecalculationAdmin[M], HoursAdmin[M]):
    def seen(self, request: HttpRequest) -> OperatingCalendarQuerySet:
        """Those of the person's desks too, whoever they belong to."""
        user = request.user
        return calendar_editing.seen_by(user) if isinstance(user, User) else super().seen(request)

    def kept(self, request: HttpRequest) -> OperatingCalendarQuerySet:
        """Of those, the ones by which nobody else's desk works."""
        user = request.user
        return calendar_editing.kept_by(user) if isinstance(user, User) else super().kept(request)

    def change_hours(self, request: HttpRequest, change: Change) -> HttpResponse | None:
        now = timezone.now()
        old = change.calendar.as_value()
        mark = agreement.of_hours(change.calendar, old=old, new=change.new)
        try:
            if not preview_page.was_read(request, mark):
                rehearsal = calendar_editing.rehearse(change.calendar, new=change.new, now=now)
                if rehearsal.touches:
                    return preview_page.page(
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
            retimed = recalculation.change_calendar(
                change.calendar, change.save, by=current_user(request), now=now, seen=old
            )
        except Refused as refusal:
            raise CalendarRefused(str(refusal)) from refusal
        preview_page.tell(request, retimed)
        return None


@admin.register(OperatingCalendar)
class DeskCalendarAdmin(RehearsedAdmin[OperatingCalendar], OperatingCalendarAdmin):
    pass


@admin.register(Holiday)
class DeskHolidayAdmin(RehearsedAdmin[Holiday], HolidayAdmin):
    pass
