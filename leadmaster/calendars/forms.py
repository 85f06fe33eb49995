"""Hours as people write them: pairs of times for each day of the week, and for a holiday."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.calendars.arithmetic import Hours
from leadmaster.calendars.errors import Refused
from leadmaster.calendars.models import WEEKDAYS, Holiday, OperatingCalendar
from leadmaster.calendars.national import Country
from leadmaster.calendars.write import check_week
from leadmaster.lib.admin.widgets import BooleanWidget, DateWidget, SelectWidget, TextWidget, WindowsField

if TYPE_CHECKING:
    CalendarModelForm = forms.ModelForm[OperatingCalendar]
    HolidayModelForm = forms.ModelForm[Holiday]
else:
    CalendarModelForm = HolidayModelForm = forms.ModelForm

DAYS = tuple(f"hours_{weekday}" for weekday in range(7))


def _day(weekday: int) -> WindowsField:
    return WindowsField(label=WEEKDAYS[weekday], required=False)


class CalendarForm(CalendarModelForm):
    """`week()` are the hours that were written, once the form is valid."""

    hours_0 = _day(0)
    hours_1 = _day(1)
    hours_2 = _day(2)
    hours_3 = _day(3)
    hours_4 = _day(4)
    hours_5 = _day(5)
    hours_6 = _day(6)
    general = forms.BooleanField(
        label=gettext_lazy("Calendario general"),
        required=False,
        widget=BooleanWidget,
        help_text=gettext_lazy(
            "Vale para todo equipo que no tenga el suyo. Solo uno lo es: este reemplaza al anterior."
        ),
    )

    class Meta:
        model = OperatingCalendar
        fields = ["name", "time_zone", "team"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            return
        # Another one takes its place; it is not simply left without.
        self.fields["general"].disabled = bool(self.instance.is_general)
        self.initial["general"] = bool(self.instance.is_general)
        for name, hours in zip(DAYS, self.instance.week(), strict=True):
            self.initial[name] = list(hours.windows)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if data.get("general") and data.get("team"):
            self.add_error("team", _("El calendario general no es de ningún equipo."))
        if all(name in data for name in DAYS):
            try:
                check_week(self.week())
            except Refused as refusal:
                raise forms.ValidationError(str(refusal)) from refusal
        return data

    def week(self) -> tuple[Hours, ...]:
        return tuple(Hours.of(*self.cleaned_data[name]) for name in DAYS)


class TeamCalendarForm(CalendarForm):
    """For supervisors: administrators decide which calendar is the general one, and keep those that are no team's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["general"].disabled = True
        # A page that is only read has no fields of the model.
        if "team" in self.fields:
            team = self.fields["team"]
            team.required = True
            if isinstance(team, forms.ModelChoiceField) and team.queryset and len(team.queryset) == 1:
                self.initial["team"] = self.initial.get("team") or team.queryset[0].pk


class HolidayForm(HolidayModelForm):
    """`hours()` are the special hours, once the form is valid. None: closed all day."""

    windows = WindowsField(
        label=gettext_lazy("Horario especial"),
        required=False,
        help_text=gettext_lazy(
            "Vacío: cerrado todo el día. 00:00 al cerrar es el final del día; 22:00 a 02:00 sigue después de medianoche."
        ),
    )

    class Meta:
        model = Holiday
        fields = ["calendar", "date", "name"]
        widgets = {"date": DateWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            # Another calendar's date is another date: it is deleted there and written here.
            if "calendar" in self.fields:
                self.fields["calendar"].disabled = True
            self.initial["windows"] = [(window.opens, window.closes) for window in self.instance.windows.all()]

    def hours(self) -> Hours:
        return Hours.of(*self.cleaned_data["windows"])


class NationalForm(forms.Form):
    """Which country's holidays, and of which year."""

    country = forms.ChoiceField(label=gettext_lazy("País"), choices=Country.choices, widget=SelectWidget)
    year = forms.IntegerField(
        label=gettext_lazy("Año"), min_value=2000, max_value=2100, widget=TextWidget({"type": "number"})
    )

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if "country" in data:
            data["country"] = Country(data["country"])
        return data
