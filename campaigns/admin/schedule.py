"""Schedules inside their campaign: weekdays as check boxes, windows as pairs of times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin import display
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import lifecycle, screens
from campaigns.enums import ScheduleState
from campaigns.models import Campaign, Schedule, ScheduleWindow
from campaigns.models.schedule import WEEKDAYS
from leadmaster.lib.admin.modeladmins import StackedInline
from leadmaster.lib.admin.widgets import DateWidget, WeekdaysField, WindowsField

if TYPE_CHECKING:
    ScheduleModelForm = forms.ModelForm[Schedule]
else:
    ScheduleModelForm = forms.ModelForm


class ScheduleForm(ScheduleModelForm):
    weekdays = WeekdaysField(
        names=WEEKDAYS,
        label=gettext_lazy("Días"),
        initial="01234",
        error_messages={"required": gettext_lazy("Elige al menos un día de la semana.")},
    )
    windows = WindowsField(
        every_day=True,
        label=gettext_lazy("Ventanas de envío"),
        help_text=gettext_lazy(
            "Hora de la sesión. 00:00 al cerrar es el final del día; 22:00 a 02:00 sigue después de medianoche."
        ),
        error_messages={"required": gettext_lazy("Agrega al menos una ventana.")},
    )

    class Meta:
        model = Schedule
        fields = ["weekdays", "windows", "starts_on", "ends_on", "daily_cap"]
        widgets = {"starts_on": DateWidget, "ends_on": DateWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Its session decides what today is where it sends; near midnight the person corrects it.
        self.fields["starts_on"].initial = timezone.localdate
        if self.instance.pk:
            self.initial["windows"] = [(window.opens, window.closes) for window in self.instance.windows.all()]

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        starts, ends = data.get("starts_on"), data.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("La fecha final es anterior a la inicial."))
        return data

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]  # Django's own hook for what needs the row first
        if "windows" not in self.changed_data:
            return
        self.instance.windows.all().delete()
        ScheduleWindow.objects.bulk_create(
            [
                ScheduleWindow(schedule=self.instance, opens=opens, closes=closes)
                for opens, closes in self.cleaned_data["windows"]
            ]
        )


class ScheduleInline(StackedInline[Schedule, Campaign]):
    model = Schedule
    form = ScheduleForm
    extra = 0
    fields = ("standing", "weekdays", "windows", ("starts_on", "ends_on", "daily_cap"))
    readonly_fields = ("standing", "days", "hours")

    def get_extra(self, request: HttpRequest, obj: Campaign | None = None, **kwargs: Any) -> int:
        """A new campaign needs one; to others it is added on purpose."""
        return 1 if obj is None else 0

    def get_fields(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        """Whoever only reads gets words: the form's own fields have nothing to show without a form."""
        if self.has_change_permission(request, obj):
            return super().get_fields(request, obj)
        return ("standing", ("days", "hours"), ("starts_on", "ends_on", "daily_cap"))

    @display(description=gettext_lazy("días"))
    def days(self, schedule: Schedule) -> str:
        return ", ".join(str(WEEKDAYS[int(digit)]) for digit in schedule.weekdays)

    @display(description=gettext_lazy("ventanas"))
    def hours(self, schedule: Schedule) -> str:
        return ", ".join(str(window) for window in schedule.windows.all())

    @display(description=gettext_lazy("aprobación"))
    def standing(self, schedule: Schedule | None) -> SafeString:
        if schedule is None or schedule._state.adding:
            return format_html("{}", _("Al guardarla espera la aprobación de un supervisor."))
        decided = _("por %(who)s") % {"who": schedule.decided_by} if schedule.decided_by else ""
        badge = format_html('<span class="lm-inline">{} {}</span>', screens.schedule_badge(schedule), decided)
        if schedule.state != ScheduleState.APPROVED:
            return badge
        if not schedule.is_in_force(schedule.campaign.session.time_zone):
            moved = _("Se aprobó con las horas de %(before)s y la línea está en %(now)s: espera una aprobación nueva.")
            zones = {"before": schedule.zone, "now": schedule.campaign.session.time_zone}
            return format_html('{}<small class="lm-meta">{}</small>', badge, moved % zones)
        # Said before it is done: a campaign that sends stands still from the change to the approval.
        warning = _(
            "Si la cambias deja de enviar hasta que se apruebe de nuevo; bajar el cupo diario no necesita aprobación."
        )
        return format_html('{}<small class="lm-meta">{}</small>', badge, warning)

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super().get_queryset(request).select_related("decided_by", "campaign__session").prefetch_related("windows")
        )

    def has_view_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return request.user.has_perm("campaigns.view_schedule")

    def has_add_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return self._may(request, "add", obj)

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return self._may(request, "delete", obj)

    def _may(self, request: HttpRequest, what: str, campaign: Campaign | None) -> bool:
        if not request.user.has_perm(f"campaigns.{what}_schedule"):
            return False
        if campaign is None or campaign.pk is None:
            return True
        return lifecycle.may_change_schedules(request.user, campaign)
