"""What every list of opportunities shares: columns, search, and pages that stay fast at a million rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import SimpleListFilter, display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import NOTHING, ChangeList, UncountedPaginator
from opportunities import badges
from opportunities.admin.base import DeskAdmin, PromoterFilter, StageFilter, TeamFilter, team_ids_in
from opportunities.admin.decisions.verbs import MANY, Verb, address
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from opportunities.queries.search import search_condition
from opportunities.supervision.frozen import Seen

_DAY = dt.timedelta(days=1)


class RowsList(ChangeList):
    """A page is chosen by its ids, which the index alone gives; only the rows of that page are read.

    Sorted whole, a million rows with their clients would be read to show fifty. They are read through the conditions of
    the list: a row that changed hands in between is no longer this person's to see.
    """

    result_list: Iterable[Opportunity]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        chosen: Any = self.result_list
        ids = list(chosen.values_list("pk", flat=True))
        rows = self.queryset.select_related("client", "stage", "team__desk__calendar", "owner__user")
        found = rows.prefetch_related("client__contacts").in_bulk(ids)
        self.result_list = [found[pk] for pk in ids if pk in found]


class StateFilter(SimpleListFilter):
    title = gettext_lazy("estado")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in OpportunityState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
        value = self.value()
        return queryset.filter(state=value) if value in OpportunityState.values else queryset


class ClockFilter(SimpleListFilter):
    """Overdue is a fact of the clock: the cron that moves them to the pool may be late."""

    title = gettext_lazy("plazo")
    parameter_name = "clock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("overdue", _("Vencidas")),
            ("soon", _("Vencen en 24 horas")),
            ("paused", _("Con el plazo detenido")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
        now = timezone.now()
        active = queryset.filter(state=OpportunityState.ACTIVE)
        if self.value() == "overdue":
            return active.filter(deadline__lte=now)
        if self.value() == "soon":
            return active.filter(deadline__gt=now, deadline__lte=now + _DAY)
        if self.value() == "paused":
            return active.filter(paused_seconds__isnull=False)
        return queryset


class OpportunityRows(DeskAdmin[Opportunity]):
    """Rows are decided, never edited."""

    list_filter: ClassVar[tuple[Any, ...]] = (StateFilter, ClockFilter, StageFilter, PromoterFilter, TeamFilter)
    search_fields = ("client__name",)
    search_help_text = gettext_lazy("Nombre, teléfono completo o número de oportunidad (#123)")
    # In the order of the team's index, which needs no sorting.
    ordering: ClassVar[tuple[str, ...]] = ("team_id", "state", "state_since", "id")
    sortable_by = ()
    list_per_page = 50
    change_list_template = "admin/long_list.html"
    list_disable_select_all = True
    paginator = UncountedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Opportunity | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RowsList

    def visible(self, rows: QuerySet[Opportunity], request: HttpRequest) -> QuerySet[Opportunity]:
        """By the ids of their teams for administrators too: the team's index is walked by them."""
        return rows.filter(team_id__in=team_ids_in(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Opportunity], search_term: str
    ) -> tuple[QuerySet[Opportunity], bool]:
        if not search_term.strip():
            return queryset, False
        condition, more = search_condition(search_term)
        if more:
            messages.warning(
                request,
                _(
                    "Hay demasiadas personas con ese nombre para mirarlas todas: escribe el nombre y el apellido completos."
                ),
            )
        return queryset.filter(condition), False

    # --- Columns ----------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("cliente"))
    def who(self, row: Opportunity) -> SafeString:
        return badges.who(row)

    @display(description=gettext_lazy("estado"))
    def standing(self, row: Opportunity) -> SafeString:
        return badges.state_badge(row)

    @display(description=gettext_lazy("etapa"))
    def at_stage(self, row: Opportunity) -> SafeString:
        return badges.stage_name(row.stage)

    @display(description=gettext_lazy("promotor"))
    def holder(self, row: Opportunity) -> Any:
        return str(row.owner) if row.owner else NOTHING

    @display(description=gettext_lazy("equipo"))
    def of_team(self, row: Opportunity) -> str:
        return str(row.team)

    @display(description=gettext_lazy("plazo"))
    def timer(self, row: Opportunity) -> SafeString:
        return badges.clock(row, timezone.now())

    @display(description=gettext_lazy("desde hace"))
    def waiting(self, row: Opportunity) -> str:
        return screens.age(row.state_since, timezone.now())

    @display(description=gettext_lazy("lugar"))
    def place(self, row: Opportunity) -> Any:
        return ", ".join(part for part in (row.client.city, row.client.province) if part) or NOTHING


def chosen(verb: Verb, request: HttpRequest, queryset: QuerySet[Opportunity]) -> HttpResponse:
    """To the page that asks about the chosen rows. They are frozen here, at their versions: what comes later is not decided."""
    rows = [Seen(*found) for found in queryset.values_list("pk", "version")[:MANY]]
    return HttpResponseRedirect(address(verb, rows, back=request.get_full_path()))
