"""Holidays on the desk: a date closes its calendar, or gives it other hours."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.calendars.forms import HolidayForm
from leadmaster.calendars.hours_admin import Change, HoursAdmin
from leadmaster.calendars.models import Holiday, OperatingCalendar, hours_text
from leadmaster.calendars.write import save_holiday
from leadmaster.lib import screens

if TYPE_CHECKING:
    from django.forms import ModelForm


class HolidayAdmin(HoursAdmin[Holiday]):
    form = HolidayForm
    compressed_fields = True
    nothing_yet = gettext_lazy(
        "Añade los feriados uno por uno, o importa los nacionales desde la página de un horario."
    )
    list_display = ("date", "name", "hours", "calendar")
    list_select_related = ("calendar",)
    list_filter = ("calendar",)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Busca por nombre de feriado")
    date_hierarchy = "date"
    ordering = ("-date",)

    def get_fields(self, request: HttpRequest, obj: Holiday | None = None) -> Any:
        read = obj is not None and not self.has_change_permission(request, obj)
        return (("calendar", "date"), "name", "hours" if read else "windows")

    def visible(self, rows: QuerySet[Holiday], request: HttpRequest) -> QuerySet[Holiday]:
        return rows.filter(calendar__in=self.seen(request).values("pk")).prefetch_related("windows")

    def has_change_permission(self, request: HttpRequest, obj: Holiday | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or self.keeps(request, obj.calendar_id))

    def has_delete_permission(self, request: HttpRequest, obj: Holiday | None = None) -> bool:
        if not request.user.has_perm("calendars.delete_holiday"):
            return False
        return obj is None or self.keeps(request, obj.calendar_id)

    def get_actions(self, request: HttpRequest) -> Any:
        """Dates are deleted one by one: each may move somebody's time, and says so first."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "calendar":
            kwargs["queryset"] = self.kept(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def asked(self, request: HttpRequest, object_id: str | None) -> tuple[ModelForm[Holiday], Change] | None:
        holiday = self.get_object(request, object_id) if object_id is not None else None
        if object_id is not None and holiday is None:
            return None
        former = holiday.date if holiday else None
        form = self.bound_form(request, holiday)
        if not isinstance(form, HolidayForm):
            return None
        obj, hours = form.instance, form.hours()
        calendar = OperatingCalendar.objects.get(pk=obj.calendar_id)
        value = calendar.as_value()
        others = {date: special for date, special in value.holidays.items() if date != former}
        new = dataclasses.replace(value, holidays={**others, obj.date: hours})
        return form, Change(calendar=calendar, new=new, save=lambda: save_holiday(obj, hours=hours))

    def save_model(self, request: HttpRequest, obj: Holiday, form: ModelForm[Holiday], change: bool) -> None:  # noqa: FBT001 - Django's
        if not isinstance(form, HolidayForm):
            raise TypeError("holidays are written by their own form")
        save_holiday(obj, hours=form.hours())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The date has the hours of its weekday again."""
        holiday = self.find(request, object_id)
        if not self.has_delete_permission(request, holiday):
            raise PermissionDenied
        if request.method != "POST":
            return super().delete_view(request, object_id, extra_context)
        value = holiday.calendar.as_value()
        others = {date: special for date, special in value.holidays.items() if date != holiday.date}
        change = Change(
            calendar=holiday.calendar,
            new=dataclasses.replace(value, holidays=others),
            save=lambda: Holiday.objects.filter(pk=holiday.pk).delete(),
        )
        first = self.try_to_change(request, change)
        if first is not None:
            return first
        self.log_deletions(request, [holiday])  # type: ignore[arg-type]  # a queryset would find it no more
        self.message_user(request, _("“%(holiday)s” ya no es feriado.") % {"holiday": holiday})
        return HttpResponseRedirect(reverse("admin:calendars_holiday_changelist"))

    @display(description=gettext_lazy("horario"))
    def hours(self, holiday: Holiday) -> SafeString | str:
        windows = [(window.opens, window.closes) for window in holiday.windows.all()]
        return hours_text(windows) if windows else screens.badge(_("Cerrado"))
