"""The pool: how much there is and for how long, what it is made of, and its rows to give to somebody."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter, display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from leadmaster.directory.enums import Availability
from leadmaster.lib.admin.modeladmins import NOTHING
from opportunities.admin.base import TeamFilter, require_supervisor_role
from opportunities.admin.opportunities.decidable import UnregisteredListAdmin
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from opportunities.queries.pool_figures import FACET_NAMES, figures
from opportunities.queries.search import of_clients
from opportunities.scope import team_ids_of


class ShownFacet(SimpleListFilter):
    """Which facet the chart shows. It chooses no rows, and the list of filters has no place for it."""

    title = ""
    parameter_name = "facet"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
        return queryset


class _ValueFilter(SimpleListFilter):
    """The value of a facet that somebody chose in the chart."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(self.parameter_name or "", "")
        return [(value, value)] if value else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
        value = self.value()
        chosen = {str(self.parameter_name): value} if value else {}
        return of_clients(queryset, chosen, availability=Availability.POOL)


class ProvinceFilter(_ValueFilter):
    title = gettext_lazy("provincia")
    parameter_name = "province"


class AgreementFilter(_ValueFilter):
    title = gettext_lazy("convenio")
    parameter_name = "agreement"


class ClientTypeFilter(_ValueFilter):
    title = gettext_lazy("tipo de cliente")
    parameter_name = "client_type"


class PoolAdmin(UnregisteredListAdmin):
    """Mounted by the page of opportunities, like the inbox."""

    list_name = gettext_lazy("pool")
    list_display = ("who", "place", "agreed", "of_team", "waiting", "times")
    list_filter: ClassVar[tuple[Any, ...]] = (ProvinceFilter, AgreementFilter, ClientTypeFilter, TeamFilter, ShownFacet)
    # A pool belongs to its team: team by team, the oldest first, which is the order of the index.
    ordering = ("team_id", "state", "state_since", "id")
    actions = ("reassign_chosen", "close_chosen")
    list_before_template = "admin/opportunities/pool_head.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Opportunity]:
        return super().get_queryset(request).filter(state=OpportunityState.POOL)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list at once; its figures, which count the whole pool, come after it."""
        figures_url = f"{reverse('admin:opportunities_opportunity_pool_figures')}?{request.GET.urlencode()}"
        return super().changelist_view(request, {"figures_url": figures_url, **(extra_context or {})})

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """The charts above the list, for the same filters as the page that asks for them."""
        user = require_supervisor_role(request)
        facet = request.GET.get("facet", "")
        facet = facet if facet in FACET_NAMES else next(iter(FACET_NAMES))
        own = team_ids_of(user)
        team = request.GET.get("team", "")
        teams = [pk for pk in own if str(pk) == team] if team else own
        page = reverse("admin:opportunities_opportunity_pool")
        context = {
            "pool": figures(teams, facet, now=timezone.now()),
            "facet": facet,
            "facets": [(name, label, name == facet) for name, label in FACET_NAMES.items()],
            "narrowed": [(name, value) for name, value in request.GET.items() if name in {*FACET_NAMES, "team"}],
            "page": f"{page}?{request.GET.urlencode()}",
        }
        return TemplateResponse(request, "admin/opportunities/pool_figures.html", context)

    @display(description=gettext_lazy("convenio"))
    def agreed(self, row: Opportunity) -> Any:
        return row.client.agreement or NOTHING

    @display(description=gettext_lazy("veces asignada"))
    def times(self, row: Opportunity) -> str:
        return str(row.attempts)
