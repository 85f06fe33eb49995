"""Lots: what was asked, what was there, what was given, and where its opportunities are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import NOTHING, ChangeList, ReadOnlyAdmin, UncountedPaginator, moment
from opportunities import badges
from opportunities.admin.base import DeskAdmin, PromoterFilter, TeamFilter, team_ids_in
from opportunities.models import Lot, Opportunity
from opportunities.queries.lots import counts_of
from opportunities.results.lots import fate

_SHOWN = 200
# More digits than any number of ours has.
_TOO_LONG = 19
_NAMES = {
    "province": gettext_lazy("provincia"),
    "city": gettext_lazy("ciudad"),
    "agreement": gettext_lazy("convenio"),
    "client_type": gettext_lazy("tipo"),
}


class LotPromoterFilter(PromoterFilter):
    lookup = "promoter"


class LotList(ChangeList):
    """Live counts of a whole page by one query over the lots' index."""

    result_list: Iterable[Lot]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        counts = counts_of([lot.pk for lot in rows])
        for lot in rows:
            lot.__dict__["counts"] = counts[lot.pk]
        self.result_list = rows


@admin.register(Lot)
class LotAdmin(ReadOnlyAdmin[Lot], DeskAdmin[Lot]):
    list_display = ("number", "promoter_name", "given", "asked_for", "bar", "when_made")
    list_filter = (LotPromoterFilter, TeamFilter)
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Número de lote")
    nothing_yet = gettext_lazy(
        "Cada vez que un promotor pide clientes se abre un lote: qué pidió, qué había y qué recibió."
    )
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 50
    change_list_template = "admin/long_list.html"
    list_select_related = ("promoter__user", "team")
    paginator = UncountedPaginator
    show_full_result_count = False
    change_form_template = "admin/opportunities/lot/change_form.html"
    when_made = moment("created_at", gettext_lazy("cuándo"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LotList

    def get_fields(self, request: HttpRequest, obj: Lot | None = None) -> Any:
        return []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Lot], search_term: str
    ) -> tuple[QuerySet[Lot], bool]:
        text = search_term.strip().lstrip("#")
        if not text:
            return queryset, False
        known = text.isascii() and text.isdigit() and len(text) < _TOO_LONG
        return queryset.filter(pk=int(text)) if known else queryset.none(), False

    @display(description=gettext_lazy("lote"))
    def number(self, lot: Lot) -> str:
        return str(lot)

    @display(description=gettext_lazy("promotor"))
    def promoter_name(self, lot: Lot) -> SafeString:
        return format_html('<span class="lm-two"><b>{}</b><small>{}</small></span>', lot.promoter, lot.team)

    @display(description=gettext_lazy("entregadas"))
    def given(self, lot: Lot) -> SafeString:
        if lot.reassigned_on is not None:
            return screens.badge(_("Reasignadas"), "info")
        return format_html(
            '<span class="lm-two"><b>{} / {}</b><small>{}</small></span>',
            lot.granted,
            lot.asked,
            _("%(n)d del pool") % {"n": lot.from_pool},
        )

    @display(description=gettext_lazy("filtros"))
    def asked_for(self, lot: Lot) -> Any:
        return " · ".join(str(value) for value in lot.filters.values()) or NOTHING

    @display(description=gettext_lazy("dónde están ahora"))
    def bar(self, lot: Lot) -> SafeString:
        counts: Mapping[str, int] = lot.__dict__["counts"]
        words = " · ".join(f"{share.name} {share.count}" for share in badges.shares(counts))
        return format_html(
            '<span class="lm-advance">{}<small>{}</small></span>', badges.state_bar(counts), words or "—"
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        lot: Lot = kwargs["obj"]
        counts = counts_of([lot.pk])[lot.pk]
        # What went to another team since is counted, and not shown.
        mine = Opportunity.objects.filter(lot=lot, team_id__in=team_ids_in(request))
        rows = mine.select_related("client", "stage", "owner__user", "team__desk__calendar")
        now = timezone.now()
        context.update(
            lot=lot,
            shares=badges.shares(counts),
            total=sum(counts.values()),
            bar=badges.state_bar(counts),
            facts=_facts(lot),
            fate=fate(lot) if lot.reassigned_on is None else None,
            rows=[
                (row, badges.who(row), badges.state_badge(row), badges.stage_name(row.stage), badges.clock(row, now))
                for row in rows.prefetch_related("client__contacts").order_by("state", "id")[:_SHOWN]
            ],
        )
        return super().render_change_form(request, context, *args, **kwargs)


def _facts(lot: Lot) -> list[tuple[str, object]]:
    """The proof of a fair draw, as far as there was one."""
    page = reverse("admin:opportunities_promoter_change", args=[lot.promoter_id])
    promoter = format_html('<a href="{}">{}</a>', page, lot.promoter)
    who: list[tuple[str, object]] = [
        (_("Promotor"), promoter),
        (_("Equipo"), lot.team),
        (_("Día"), date_format(lot.day, "j M Y").lower()),
    ]
    if lot.reassigned_on is not None:
        return [*who, (_("Qué es"), _("Lo que se le reasignó ese día"))]
    asked = ", ".join(f"{_NAMES.get(name, name)}: {value}" for name, value in lot.filters.items())
    return [
        *who,
        (_("Pidió"), lot.asked),
        (_("Se le entregaron"), lot.granted),
        (_("De ellas, del pool"), lot.from_pool),
        (_("Filtros"), asked or _("ninguno")),
        (_("Había disponibles"), lot.available_seen),
        (_("Semilla del sorteo"), lot.seed),
    ]
