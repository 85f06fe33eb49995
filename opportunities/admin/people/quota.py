"""Quotas: today's use at a glance, every day's row, and the ledger of every change. Nothing here is edited by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.admin.modeladmins import NOTHING, ReadOnlyAdmin, UncountedPaginator, moment
from opportunities.admin.base import DeskAdmin, PromoterFilter, TeamFilter, promoters_by_name
from opportunities.admin.people import meters
from opportunities.capacity.usage import usage_of
from opportunities.models import DailyQuota, Promoter, QuotaEntry
from opportunities.scope import team_ids_of

_SHOWN = 40


class _OfPromoter(PromoterFilter):
    parameter_name = "promoter"
    lookup = "promoter"


class _OfTeam(TeamFilter):
    lookup = "promoter__desk__team"


class _EntryOfPromoter(PromoterFilter):
    parameter_name = "promoter"
    lookup = "quota__promoter"


class _EntryOfTeam(TeamFilter):
    lookup = "quota__promoter__desk__team"


@admin.register(DailyQuota)
class DailyQuotaAdmin(ReadOnlyAdmin[DailyQuota], DeskAdmin[DailyQuota]):
    team_field = "promoter__desk__team"
    list_display = ("day", "whose", "use", "left_over")
    list_filter = (_OfPromoter, _OfTeam)
    list_select_related = ("promoter__user", "promoter__desk__team")
    date_hierarchy = "day"
    ordering = ("-day", "-id")
    sortable_by = ()
    list_per_page = 50
    paginator = UncountedPaginator
    show_full_result_count = False
    list_before_template = "admin/opportunities/dailyquota/today.html"
    change_form_template = "admin/opportunities/dailyquota/change_form.html"

    def get_fieldsets(self, request: HttpRequest, obj: DailyQuota | None = None) -> Any:
        return []

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # Today is for the first look; whoever filters looks for something else.
        context = {"today": None if request.GET else _today(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: DailyQuota = kwargs["obj"]
        context["meter"] = meters.meter(row.used, row.limit, _("Cupo del día"))
        context["ledger"] = meters.ledger(row.entries.select_related("by", "lot").order_by("id"))
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=gettext_lazy("promotor"))
    def whose(self, row: DailyQuota) -> SafeString:
        return format_html('<span class="lm-two"><b>{}</b><small>{}</small></span>', row.promoter, row.promoter.desk)

    @display(description=gettext_lazy("usado"))
    def use(self, row: DailyQuota) -> SafeString:
        return meters.meter(row.used, row.limit, _("Cupo del día"))

    @display(description=gettext_lazy("sobró"))
    def left_over(self, row: DailyQuota) -> int:
        return row.left


@admin.register(QuotaEntry)
class QuotaEntryAdmin(ReadOnlyAdmin[QuotaEntry], DeskAdmin[QuotaEntry]):
    team_field = "quota__promoter__desk__team"
    nothing_yet = gettext_lazy(
        "El libro se abre con el primer pedido del día: cada movimiento queda con fecha y motivo."
    )
    list_display = ("written", "whose", "concept", "amount_signed", "by", "reason", "of_lot")
    list_display_links = None
    list_filter = ("kind", _EntryOfPromoter, _EntryOfTeam)
    list_select_related = ("quota__promoter__user", "by", "lot")
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 60
    paginator = UncountedPaginator
    show_full_result_count = False
    written = moment("at", gettext_lazy("cuándo"))

    def visible(self, rows: QuerySet[QuotaEntry], request: HttpRequest) -> QuerySet[QuotaEntry]:
        """By promoters, not by their teams: the newest lines are then found along the ledger itself."""
        user = request.user
        if getattr(user, "is_administrator", False):
            return rows
        teams = team_ids_of(user)
        mine = list(Promoter.objects.filter(desk__team__in=teams).values_list("pk", flat=True))
        return rows.filter(quota__promoter__in=mine)

    @display(description=gettext_lazy("promotor"))
    def whose(self, entry: QuotaEntry) -> SafeString:
        return format_html(
            '<a href="{}"><span class="lm-two"><b>{}</b><small>{}</small></span></a>',
            reverse("admin:opportunities_dailyquota_change", args=[entry.quota_id]),
            entry.quota.promoter,
            f"{entry.quota.day:%d/%m/%Y}",
        )

    @display(description=gettext_lazy("concepto"))
    def concept(self, entry: QuotaEntry) -> SafeString:
        return meters.kind_badge(entry)

    @display(description=gettext_lazy("cantidad"))
    def amount_signed(self, entry: QuotaEntry) -> str:
        return meters.signed(entry)

    @display(description=gettext_lazy("lote"))
    def of_lot(self, entry: QuotaEntry) -> SafeString | str:
        return NOTHING if entry.lot is None else str(entry.lot)


def _today(request: HttpRequest) -> dict[str, Any]:
    """Everybody's quota of today, the fullest first."""
    promoters = list(promoters_by_name(request.user).filter(user__is_active=True))
    used = usage_of(promoters, now=timezone.now())
    in_order = sorted(used, key=lambda usage: (-usage.used / max(usage.limit, 1), str(usage.promoter)))
    return {
        "rows": [(usage, meters.meter(usage.used, usage.limit, str(usage.promoter))) for usage in in_order[:_SHOWN]],
        "used": sum(usage.used for usage in used),
        "limit": sum(usage.limit for usage in used),
        "more": max(len(used) - _SHOWN, 0),
    }
