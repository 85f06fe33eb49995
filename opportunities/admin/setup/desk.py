"""A team's desk: its hours and its limits. Other hours show which open timers move before they are saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import Team
from leadmaster.calendars.models import OperatingCalendar
from opportunities.admin.base import DeskAdmin, current_user
from opportunities.admin.setup import preview_page
from opportunities.admin.setup.recalculation_banner import RecalculationAdmin
from opportunities.admin.setup.seen_form import SeenForm
from opportunities.errors import Refused
from opportunities.models import Desk
from opportunities.scope import team_ids_of
from opportunities.timers import agreement, calendar_editing, recalculation

if TYPE_CHECKING:
    pass


class DeskForm(SeenForm[Desk]):
    class Meta:
        model = Desk
        exclude = ()


@admin.register(Desk)
class TeamDeskAdmin(RecalculationAdmin[Desk], DeskAdmin[Desk]):
    form = DeskForm
    list_display = ("name", "calendar", "quota", "captures", "active", "extensions", "people")
    list_select_related = ("team", "calendar")
    ordering = ("team__name",)
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Desk]:
        return super().get_queryset(request).annotate(number=models.Count("promoters"))

    def get_fieldsets(self, request: HttpRequest, obj: Desk | None = None) -> Any:
        whose = () if obj else ("team",)
        return [
            (None, {"fields": (*whose, ("calendar", "only_in_hours"))}),
            (
                gettext_lazy("Límites"),
                {
                    "fields": (("daily_quota", "daily_captures"), ("capacity", "weekly_extensions")),
                    "description": gettext_lazy(
                        "Para cada promotor que no tenga los suyos. Un cupo diario nuevo vale desde mañana; para hoy, "
                        "corrige el cupo de cada uno."
                    ),
                },
            ),
        ]

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "team":
            kwargs["queryset"] = Team.objects.filter(desk__isnull=True)
        if db_field.name == "calendar":
            seen = OperatingCalendar.objects.visible_to(request.user).values("pk")
            used = Desk.objects.filter(team__in=team_ids_of(request.user)).values("calendar")
            kwargs["queryset"] = OperatingCalendar.objects.filter(models.Q(pk__in=seen) | models.Q(pk__in=used))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=gettext_lazy("mesa"), ordering="team__name")
    def name(self, desk: Desk) -> str:
        return str(desk)

    # The fields' own names are as long as a form wants them.
    @display(description=gettext_lazy("cupo diario"), ordering="daily_quota")
    def quota(self, desk: Desk) -> int:
        return desk.daily_quota

    @display(description=gettext_lazy("captaciones diarias"), ordering="daily_captures")
    def captures(self, desk: Desk) -> int:
        return desk.daily_captures

    @display(description=gettext_lazy("activas"), ordering="capacity")
    def active(self, desk: Desk) -> int:
        return desk.capacity

    @display(description=gettext_lazy("prórrogas por semana"), ordering="weekly_extensions")
    def extensions(self, desk: Desk) -> int:
        return desk.weekly_extensions

    @display(description=gettext_lazy("promotores"))
    def people(self, desk: Desk) -> int:
        return int(getattr(desk, "number", 0))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A desk that is there may have clocks running: they move in the transaction that writes it."""
        form = self._sent(request, object_id) if request.method == "POST" and object_id else None
        if form is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        saved = Desk.objects.select_related("calendar", "team").get(pk=form.instance.pk)
        try:
            calendar = form.cleaned_data["calendar"] if "calendar" in form.changed_data else saved.calendar
            first = self._rehearsed(request, saved, calendar)
            if first is not None:
                return first
            retimed = recalculation.change_desk(
                saved,
                form.save_changed,
                by=current_user(request),
                now=timezone.now(),
                seen=(saved.calendar.as_value(), calendar.as_value()),
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.path)
        preview_page.tell(request, retimed)
        said = self.construct_change_message(request, form, [], add=False)
        self.log_change(request, form.instance, said)
        return self.response_change(request, form.instance)

    def _sent(self, request: HttpRequest, object_id: str) -> DeskForm | None:
        desk = self.get_object(request, object_id)
        if desk is None or not self.has_change_permission(request, desk):
            return None
        form = self.get_form(request, desk, change=True)(request.POST, instance=desk)
        return form if isinstance(form, DeskForm) and form.is_valid() else None

    def _rehearsed(self, request: HttpRequest, desk: Desk, calendar: OperatingCalendar) -> HttpResponse | None:
        mark = agreement.of_desk(desk, old=desk.calendar.as_value(), new=calendar.as_value())
        if calendar.pk == desk.calendar_id or preview_page.was_read(request, mark):
            return None
        found = calendar_editing.rehearse_desk(desk, calendar=calendar, now=timezone.now())
        if not found.touches:
            return None
        return preview_page.page(
            request,
            found,
            mark=mark,
            title=_("Otro horario para %(desk)s: %(calendar)s") % {"desk": desk, "calendar": calendar},
            back=reverse("admin:opportunities_desk_change", args=[desk.pk]),
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": desk},
            facts=[(_("Plazos que quedan igual"), found.unchanged), (_("Plazos más lejanos"), found.unseen)],
        )
