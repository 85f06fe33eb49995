"""Calendars and holidays on the supervisors' desk. Rows are written by `saving`, which refuses what can't work.

Whoever counts time by them registers these pages: a change moves what is running, and in here nobody knows of that.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import zoneinfo
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.admin import display
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadmaster.calendars.arithmetic import CLOSED, Calendar
from leadmaster.calendars.errors import Refused
from leadmaster.calendars.forms import DAYS, CalendarForm, NationalForm, TeamCalendarForm
from leadmaster.calendars.hours_admin import Change, HoursAdmin
from leadmaster.calendars.models import WEEKDAYS, Holiday, OperatingCalendar, hours_text
from leadmaster.calendars.national import Country, import_holidays, missing_holidays
from leadmaster.calendars.write import make_general, save_calendar
from leadmaster.lib import screens
from leadmaster.lib.admin.confirm import Confirmation, confirm_and_run

if TYPE_CHECKING:
    from django.forms import ModelForm

_SAMPLE = 30
_ARGENTINA = ("America/Argentina/", "America/Buenos_Aires", "America/Cordoba")
_BRAZIL = frozenset(f"America/{city}" for city in ("Sao_Paulo", "Bahia", "Fortaleza", "Manaus", "Recife", "Belem"))


class OperatingCalendarAdmin(HoursAdmin[OperatingCalendar]):
    form = CalendarForm
    list_display = ("name", "whose", "hours", "time_zone", "upcoming")
    list_select_related = ("team",)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Busca por nombre de calendario")
    warn_unsaved_form = True
    readonly_fields = ("national",)

    def get_fieldsets(self, request: HttpRequest, obj: OperatingCalendar | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": (("name", "time_zone"), "whose", "hours", "upcoming")})]
        holidays = [(gettext_lazy("Feriados"), {"fields": ("national",)})] if obj else []
        return [
            (None, {"fields": (("name", "time_zone"), ("team", "general"))}),
            (
                gettext_lazy("Horario de cada semana"),
                {
                    "fields": (DAYS[:3], DAYS[3:5], DAYS[5:]),
                    "description": gettext_lazy(
                        "Hora de la zona del calendario. Varias ventanas dejan afuera el almuerzo; 00:00 al cerrar es el "
                        "final del día. Un día sin ventanas está cerrado."
                    ),
                },
            ),
            *holidays,
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OperatingCalendar]:
        # A day early: it may still be yesterday where a calendar counts.
        recent = Holiday.objects.filter(date__gte=timezone.localdate() - dt.timedelta(days=1)).order_by("date")
        return super().get_queryset(request).prefetch_related("windows", Prefetch("holidays", recent, to_attr="coming"))

    def visible(self, rows: QuerySet[OperatingCalendar], request: HttpRequest) -> QuerySet[OperatingCalendar]:
        return rows.filter(pk__in=self.seen(request).values("pk"))

    def has_change_permission(self, request: HttpRequest, obj: OperatingCalendar | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or self.keeps(request, obj.pk))

    def get_form(
        self,
        request: HttpRequest,
        obj: OperatingCalendar | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **kwargs: Any,
    ) -> type[ModelForm[OperatingCalendar]]:
        if not _is_administrator(request):
            kwargs["form"] = TeamCalendarForm
        return super().get_form(request, obj, change, **kwargs)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        user = request.user
        if db_field.name == "team" and not isinstance(user, AnonymousUser):
            kwargs["queryset"] = user.decided_teams()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def asked(self, request: HttpRequest, object_id: str | None) -> tuple[ModelForm[OperatingCalendar], Change] | None:
        # By a new calendar nobody's time is running.
        saved = self.get_object(request, object_id) if object_id is not None else None
        form = self.bound_form(request, self.get_object(request, object_id)) if saved and object_id else None
        if saved is None or not isinstance(form, CalendarForm):
            return None
        week, obj = form.week(), form.instance
        return form, Change(
            calendar=saved,
            new=Calendar(week, zoneinfo.ZoneInfo(obj.time_zone), saved.as_value().holidays),
            save=functools.partial(_write, form),
        )

    def save_model(
        self,
        request: HttpRequest,
        obj: OperatingCalendar,
        form: ModelForm[OperatingCalendar],
        change: bool,  # noqa: FBT001 - Django's
    ) -> None:
        _write(form)

    # --- The list -------------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("vale para"))
    def whose(self, calendar: OperatingCalendar) -> SafeString | str:
        if calendar.is_general:
            return screens.badge(_("General"), "info")
        return str(calendar.team) if calendar.team else "—"

    @display(description=gettext_lazy("horario"))
    def hours(self, calendar: OperatingCalendar) -> SafeString:
        """Days with the same hours on one line: `lunes a viernes 09:00–13:00, 14:00–18:00`."""
        lines = format_html_join("", "<span>{} {}</span>", _week_lines(calendar))
        return format_html('<span class="lm-two">{}</span>', lines)

    @display(description=gettext_lazy("próximo feriado"))
    def upcoming(self, calendar: OperatingCalendar) -> str:
        today = timezone.now().astimezone(calendar.tz).date()
        coming: list[Holiday] = getattr(calendar, "coming", [])
        holiday = next((one for one in coming if one.date >= today), None)
        return f"{holiday.date:%d/%m/%Y} · {holiday.name}" if holiday else "—"

    # --- The page -------------------------------------------------------------------------------------------------------

    @display(description="")
    def national(self, calendar: OperatingCalendar) -> SafeString:
        """How many there are, and the way to them."""
        # Not by the calendar's zone: on a page that is shown again, that may be what somebody just mistyped.
        count = calendar.holidays.filter(date__gte=timezone.localdate()).count()
        return format_html(
            '<span class="lm-inline">{} <a class="lm-button lm-button-small" href="{}?calendar__id__exact={}">{}</a> '
            '<a class="lm-button lm-button-small" href="{}">{}</a></span>',
            ngettext("%(n)d feriado por venir.", "%(n)d feriados por venir.", count) % {"n": count},
            reverse("admin:calendars_holiday_changelist"),
            calendar.pk,
            _("Ver feriados"),
            reverse("admin:calendars_operatingcalendar_national", args=[calendar.pk]),
            _("Importar feriados nacionales"),
        )

    def get_urls(self) -> list[URLPattern]:
        national = self.admin_site.admin_view(self.national_view)
        return [
            path("<path:object_id>/national/", national, name="calendars_operatingcalendar_national"),
            *super().get_urls(),
        ]

    def national_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows the dates that would be added, POST adds them. A public holiday is not always a day off."""
        calendar = self.find(request, object_id)
        if not self.has_change_permission(request, calendar) or not request.user.has_perm("calendars.add_holiday"):
            raise PermissionDenied
        asked = NationalForm(request.GET or _guess(calendar))
        country, year = (
            (asked.cleaned_data["country"], asked.cleaned_data["year"])
            if asked.is_valid()
            else _guess(calendar).values()
        )
        country = Country(country)
        missing = missing_holidays(calendar, country, [year])

        def run(data: Mapping[str, Any]) -> str | HttpResponse:
            dates = {one.date: CLOSED for one in missing_holidays(calendar, data["country"], [data["year"]])}
            value = calendar.as_value()
            change = Change(
                calendar=calendar,
                new=dataclasses.replace(value, holidays={**value.holidays, **dates}),
                save=functools.partial(import_holidays, calendar, data["country"], [data["year"]]),
            )
            first = self.try_to_change(request, change)
            if first is not None:
                return first
            return ngettext(
                "Se agregó %(n)d feriado. Los que ya estaban no se tocaron.",
                "Se agregaron %(n)d feriados. Los que ya estaban no se tocaron.",
                len(dates),
            ) % {"n": len(dates)}

        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Feriados nacionales · %(name)s") % {"name": calendar.name},
                question=_(
                    "Esos días quedan cerrados en este calendario. Después puedes borrar los que se trabajan o darles un "
                    "horario especial."
                ),
                button=_("Agregar los feriados"),
                facts=[(_("Faltan de %(country)s, %(year)s") % {"country": country.label, "year": year}, len(missing))],
                sample=[str(holiday) for holiday in missing[:_SAMPLE]],
                sample_title=_("Se agregan"),
                warning=_(
                    "Entre ellos hay días no laborables: si en tu mesa se trabaja, bórralos después de agregarlos."
                )
                if any(holiday.optional for holiday in missing)
                else "",
            ),
            run=run,
            refusals=Refused,
            form_class=NationalForm,
            initial={"country": country, "year": year},
            back=reverse("admin:calendars_operatingcalendar_change", args=[calendar.pk]),
            context={**self.admin_site.each_context(request), "opts": self.opts},
        )


def _week_lines(calendar: OperatingCalendar) -> list[tuple[str, str]]:
    """(days, hours) for each run of days that open alike; closed days are left out."""
    texts = [
        hours_text([(window.opens, window.closes) for window in calendar.windows.all() if window.weekday == weekday])
        for weekday in range(7)
    ]
    lines = []
    first = 0
    for weekday in range(1, 8):
        if weekday < 7 and texts[weekday] == texts[first]:
            continue
        if texts[first]:
            lines.append((_days(first, weekday - 1), texts[first]))
        first = weekday
    return lines


def _days(first: int, last: int) -> str:
    if first == last:
        return str(WEEKDAYS[first])
    return _("%(first)s a %(last)s") % {"first": WEEKDAYS[first], "last": str(WEEKDAYS[last]).lower()}


def _write(form: ModelForm[OperatingCalendar]) -> None:
    if not isinstance(form, CalendarForm):
        raise TypeError("calendars are written by their own form")
    save_calendar(form.instance, week=form.week())
    if form.cleaned_data["general"] and not form.instance.is_general:
        make_general(form.instance)


def _is_administrator(request: HttpRequest) -> bool:
    return not isinstance(request.user, AnonymousUser) and request.user.is_administrator


def _guess(calendar: OperatingCalendar) -> dict[str, Any]:
    """The country of the calendar's zone, and the year that its people are living. The person chooses."""
    zone = calendar.time_zone
    country = Country.MEXICO
    if zone.startswith(_ARGENTINA):
        country = Country.ARGENTINA
    elif zone in _BRAZIL:
        country = Country.BRAZIL
    return {"country": country, "year": timezone.now().astimezone(calendar.tz).year}
