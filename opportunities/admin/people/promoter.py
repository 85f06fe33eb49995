"""Promoters: what each has used of what they may, their own limits, and the corrections that a supervisor makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.admin.modeladmins import ChangeList
from leadmaster.lib.admin.widgets import TextWidget
from opportunities.admin.base import DeskAdmin, TeamFilter, current_user
from opportunities.admin.people import meters, radar, results
from opportunities.capacity import quota
from opportunities.capacity.usage import Usage, extensions_of, usage_of
from opportunities.errors import Refused
from opportunities.models import Absence, Desk, Promoter, QuotaEntry
from opportunities.policy import may_supervise

if TYPE_CHECKING:
    from django.forms import ModelForm

_LISTED = 30
# Limits of one's own that are named like the desk's.
_DESKS = frozenset({"daily_quota", "daily_captures", "capacity"})


class QuotaForm(ReasonForm):
    limit = forms.IntegerField(
        label=gettext_lazy("Límite de hoy"), min_value=0, max_value=100_000, widget=TextWidget({"type": "number"})
    )
    field_order = ("limit", "reason")


class PromoterList(ChangeList):
    """What everybody on the page has used, by a handful of queries."""

    result_list: Iterable[Promoter]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        for usage in usage_of(rows, now=timezone.now()):
            usage.promoter.__dict__["usage"] = usage
        self.result_list = rows


class _TeamFilter(TeamFilter):
    lookup = "desk__team"


@admin.register(Promoter)
class PromoterAdmin(DeskAdmin[Promoter]):
    team_field = "desk__team"
    list_display = ("who", "receives", "today", "load", "captures", "extensions")
    list_filter = ("available", _TeamFilter)
    list_select_related = ("user", "desk__team", "desk__calendar")
    search_fields = ("user__first_name", "user__last_name", "user__username")
    search_help_text = gettext_lazy("Busca por nombre o usuario")
    ordering = ("user__first_name", "user__last_name", "id")
    list_per_page = 50
    change_form_template = "admin/opportunities/promoter/change_form.html"
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Promoter]:
        return super().get_queryset(request).select_related("user", "desk__team", "desk__calendar")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PromoterList

    # --- The list -----------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("promotor"), ordering="user__first_name")
    def who(self, promoter: Promoter) -> SafeString:
        return format_html('<span class="lm-two"><b>{}</b><small>{}</small></span>', promoter, promoter.desk)

    @display(description=gettext_lazy("recibe"), ordering="available")
    def receives(self, promoter: Promoter) -> SafeString:
        return meters.standing(promoter.__dict__["usage"])

    @display(description=gettext_lazy("cupo de hoy"))
    def today(self, promoter: Promoter) -> SafeString:
        usage: Usage = promoter.__dict__["usage"]
        return meters.meter(usage.used, usage.limit, _("Cupo de hoy"))

    @display(description=gettext_lazy("activas"))
    def load(self, promoter: Promoter) -> SafeString:
        usage: Usage = promoter.__dict__["usage"]
        return meters.meter(usage.active, promoter.most_active, _("Oportunidades activas"))

    @display(description=gettext_lazy("captaciones de hoy"))
    def captures(self, promoter: Promoter) -> str:
        return f"{promoter.__dict__['usage'].captured} / {promoter.captures_of_a_day}"

    @display(description=gettext_lazy("prórrogas, 7 días"))
    def extensions(self, promoter: Promoter) -> str:
        return f"{promoter.__dict__['usage'].extended} / {promoter.desk.weekly_extensions}"

    # --- The page -----------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Promoter | None = None) -> Any:
        whose = [(None, {"fields": (("user", "desk"),)})] if obj is None else []
        team = obj.desk if obj else None
        told = (
            _("Vacío: lo de la mesa (%(quota)d por día, %(captures)d captaciones, %(capacity)d activas).")
            % {"quota": team.daily_quota, "captures": team.daily_captures, "capacity": team.capacity}
            if team
            else _("Vacío: lo de la mesa.")
        )
        # The day's row is written with the limit of its first use.
        told = " ".join([told, _("Un cupo diario nuevo vale desde mañana; para hoy, corrige el cupo.")])
        return [
            *whose,
            (
                _("Límites"),
                {"fields": (("daily_quota", "daily_captures", "capacity"), "available"), "description": told},
            ),
        ]

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(role=Role.PROMOTER, is_active=True, promoter__isnull=True)
        if db_field.name == "desk":
            kwargs["queryset"] = Desk.objects.select_related("team").order_by("team__name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(
        self,
        request: HttpRequest,
        obj: Promoter | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **kwargs: Any,
    ) -> type[ModelForm[Promoter]]:
        """Left empty, a limit is the desk's: each field shows which."""
        form = super().get_form(request, obj, change=change, **kwargs)
        for name, field in form.base_fields.items():
            if obj is not None and name in _DESKS:
                field.widget.attrs["placeholder"] = _("%(n)d, como la mesa") % {"n": getattr(obj.desk, name)}
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        promoter: Promoter | None = kwargs.get("obj")
        if promoter is not None:
            context.update(_look(promoter, may_decide=may_supervise(current_user(request), promoter.desk.team_id)))
        return super().render_change_form(request, context, *args, **kwargs)

    # --- The quota of today -------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/quota/", view(self.quota_view), name="opportunities_promoter_quota"),
            path("results/", view(self.results_view), name="opportunities_promoter_results"),
            path("results/csv/", view(results.as_csv), name="opportunities_promoter_results_csv"),
            path("results/xlsx/", view(results.as_xlsx), name="opportunities_promoter_results_xlsx"),
            path("radar/", view(self.radar_view), name="opportunities_promoter_radar"),
            path("radar/<int:pk>/<str:figure>/", view(self.lines_view), name="opportunities_promoter_radar_lines"),
            *super().get_urls(),
        ]

    def results_view(self, request: HttpRequest) -> HttpResponse:
        return results.show(request, self.admin_site.each_context(request))

    def radar_view(self, request: HttpRequest) -> HttpResponse:
        return radar.overview(request, self.admin_site.each_context(request))

    def lines_view(self, request: HttpRequest, pk: int, figure: str) -> HttpResponse:
        promoter = self.find(request, str(pk))
        return radar.lines(request, promoter, figure, self.admin_site.each_context(request))

    def quota_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Another limit for today, with its reason."""
        promoter = self.find(request, str(pk))
        if not may_supervise(current_user(request), promoter.desk.team_id):
            raise PermissionDenied
        [usage] = usage_of([promoter], now=timezone.now())

        def run(data: Mapping[str, Any]) -> str:
            row = quota.change_limit(
                promoter, usage.day, data["limit"], by=current_user(request), reason=data["reason"], now=timezone.now()
            )
            return _("El cupo de hoy de %(who)s es de %(limit)d; le quedan %(left)d.") % {
                "who": promoter,
                "limit": row.limit,
                "left": row.left,
            }

        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Corregir el cupo de hoy · %(who)s") % {"who": promoter},
                question=_(
                    "Vale solo por hoy y queda en el libro con tu nombre y el motivo. Por debajo de lo ya usado se "
                    "detiene en lo usado."
                ),
                button=_("Corregir el cupo"),
                facts=[
                    (_("Límite de hoy"), usage.limit),
                    (_("Usado"), usage.used),
                    (_("Le quedan"), usage.left),
                    (_("Su cupo de cada día"), promoter.quota_of_a_day),
                ],
            ),
            run=run,
            refusals=Refused,
            form_class=QuotaForm,
            initial={"limit": usage.limit},
            back=reverse("admin:opportunities_promoter_change", args=[promoter.pk]),
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": promoter},
        )


def _look(promoter: Promoter, *, may_decide: bool) -> dict[str, Any]:
    """What the page tells beside the form."""
    now = timezone.now()
    [usage] = usage_of([promoter], now=now)
    extensions = extensions_of([promoter.pk], now=now).select_related("opportunity__client", "by").order_by("id")
    lines = QuotaEntry.objects.filter(quota=usage.quota).select_related("by", "lot") if usage.quota else []
    return {
        "usage": usage,
        "meters": [
            (_("Cupo de hoy"), meters.meter(usage.used, usage.limit, _("Cupo de hoy"))),
            (_("Activas"), meters.meter(usage.active, promoter.most_active, _("Oportunidades activas"))),
            (
                _("Captaciones de hoy"),
                meters.meter(usage.captured, promoter.captures_of_a_day, _("Captaciones de hoy")),
            ),
            (
                _("Prórrogas, 7 días"),
                meters.meter(usage.extended, promoter.desk.weekly_extensions, _("Prórrogas, 7 días")),
            ),
        ],
        "standing": meters.standing(usage),
        "extensions": list(extensions.order_by("-at")[:_LISTED]),
        "ledger": meters.ledger(lines),
        "absences": list(Absence.objects.filter(promoter=promoter).order_by("-starts_on")[:8]),
        "may_decide": may_decide,
    }
