"""Stages and routes: the funnel drawn, and a form whose new clock is rehearsed before it is saved.

The funnel is every team's, so administrators change it and supervisors read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import NOTHING
from opportunities import badges
from opportunities.admin.base import current_user
from opportunities.admin.setup import funnel, preview_page
from opportunities.admin.setup.recalculation_banner import RecalculationAdmin
from opportunities.admin.setup.stage_form import StageForm
from opportunities.enums import WORKING, StageType
from opportunities.errors import Refused
from opportunities.funnel.labels import label_of
from opportunities.models import Stage
from opportunities.timers import agreement, preview, recalculation

if TYPE_CHECKING:
    from django.forms import ModelForm

_TONE: dict[str, screens.Tone] = {
    StageType.INITIAL: "info",
    StageType.PROGRESS: "info",
    StageType.EXIT: "warn",
    StageType.SALE: "good",
    StageType.LOST: "bad",
}


@admin.register(Stage)
class StageAdmin(RecalculationAdmin[Stage]):
    form = StageForm
    list_display = ("heading", "kind", "clock", "where", "ways", "used")
    ordering = ("order", "id")
    sortable_by = ()
    list_before_template = "admin/opportunities/stage/funnel.html"
    warn_unsaved_form = True

    def visible(self, rows: QuerySet[Stage], request: HttpRequest) -> QuerySet[Stage]:
        return rows.prefetch_related("routes_out__to_stage")

    def get_fieldsets(self, request: HttpRequest, obj: Stage | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            told = ("heading", "kind", "clock", "where", "demands", "ways", "message_template")
            return [(None, {"fields": told})]
        working = obj is None or obj.type in WORKING
        leaving = obj is None or obj.type == StageType.EXIT
        clock = ("timer_minutes", "hold_minutes") if working else ()
        rest = ("cooldown_days",) if working or leaving else ()
        return [
            (None, {"fields": (("name", "type"), ("order", "colour", "active"))}),
            *([(gettext_lazy("Plazo y descanso"), {"fields": (clock + rest,)})] if clock + rest else []),
            *([(gettext_lazy("Salida"), {"fields": ("exit_to",)})] if leaving else []),
            (gettext_lazy("Qué pide y qué dice"), {"fields": ("required_fields", "message_template")}),
            *([(gettext_lazy("Pasos permitidos"), {"fields": (("leads_to", "with_reason"),)})] if working else []),
        ]

    # --- The list -----------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        drawn = funnel.look(current_user(request), now=timezone.now())
        context = {"funnel": drawn, "may_change": self.has_change_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    @display(description=gettext_lazy("etapa"))
    def heading(self, stage: Stage) -> SafeString:
        return badges.stage_name(stage)

    @display(description=gettext_lazy("tipo"))
    def kind(self, stage: Stage) -> SafeString:
        return screens.badge(stage.get_type_display(), _TONE[stage.type])

    @display(description=gettext_lazy("plazo"))
    def clock(self, stage: Stage) -> str | SafeString:
        return funnel.spoken_minutes(stage.timer_minutes) if stage.type in WORKING else NOTHING

    @display(description=gettext_lazy("la salida va"))
    def where(self, stage: Stage) -> str | SafeString:
        return stage.get_exit_to_display() if stage.type == StageType.EXIT else NOTHING

    @display(description=gettext_lazy("se puede pasar a"))
    def ways(self, stage: Stage) -> str | SafeString:
        names = [(route.to_stage.name,) for route in stage.routes_out.all()]
        return format_html_join(", ", "{}", names) if names else NOTHING

    @display(description=gettext_lazy("datos obligatorios"))
    def demands(self, stage: Stage) -> str | SafeString:
        return ", ".join(label_of(str(name)) for name in stage.required_fields) or NOTHING

    @display(description=gettext_lazy("en uso"))
    def used(self, stage: Stage) -> SafeString:
        return screens.badge(_("Sí"), "good") if stage.active else screens.badge(_("No"), "neutral")

    # --- Saving -------------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Stage, form: ModelForm[Stage], change: bool) -> None:  # noqa: FBT001 - Django's
        if not isinstance(form, StageForm):
            raise TypeError("stages are written by their own form")
        form.write()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A stage that is there may have clocks running in it: they move in the transaction that writes it."""
        form = self._sent(request, object_id) if request.method == "POST" and object_id else None
        if form is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        saved = Stage.objects.get(pk=form.instance.pk)
        if "timer_minutes" in form.fields:
            # As the person saw it: what somebody else has written meanwhile is theirs, or told.
            saved.timer_minutes = form.shown("timer_minutes")
        minutes = form.cleaned_data.get("timer_minutes", saved.timer_minutes)
        first = self._rehearsed(request, saved, minutes)
        if first is not None:
            return first
        try:
            retimed = recalculation.change_stage(
                saved, timer_minutes=minutes, by=current_user(request), now=timezone.now(), save=form.write
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.path)
        preview_page.tell(request, retimed)
        said = self.construct_change_message(request, form, [], add=False)
        self.log_change(request, form.instance, said)
        return self.response_change(request, form.instance)

    def _sent(self, request: HttpRequest, object_id: str) -> StageForm | None:
        stage = self.get_object(request, object_id)
        if stage is None or not self.has_change_permission(request, stage):
            return None
        form = self.get_form(request, stage, change=True)(request.POST, instance=stage)
        return form if isinstance(form, StageForm) and form.is_valid() else None

    def _rehearsed(self, request: HttpRequest, stage: Stage, minutes: int | None) -> HttpResponse | None:
        mark = agreement.of_timer(stage, minutes)
        if minutes == stage.timer_minutes or preview_page.was_read(request, mark):
            return None
        found = preview.rehearse_stage(stage, timer_minutes=minutes, now=timezone.now())
        if not found.touches:
            return None
        return preview_page.page(
            request,
            found,
            mark=mark,
            title=_("Cambio de plazo · %(stage)s: de %(old)s a %(new)s")
            % {
                "stage": stage.name,
                "old": funnel.spoken_minutes(stage.timer_minutes),
                "new": funnel.spoken_minutes(minutes),
            },
            back=reverse("admin:opportunities_stage_change", args=[stage.pk]),
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": stage},
            facts=[
                (_("Empiezan a correr"), found.start),
                (_("Dejan de tener plazo"), found.stop),
                (_("Detenidos por ausencia, que cambian"), found.paused),
                (_("Plazos que quedan igual"), found.unchanged),
                (_("Plazos más lejanos"), found.unseen),
            ],
        )
