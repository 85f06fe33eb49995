"""Opportunities: the list of all, the page of one, and the doors to inbox, pool and decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.lib.admin.confirm import Confirmation, confirm_and_run
from opportunities.admin.base import current_user, require_supervisor_role
from opportunities.admin.decisions import sales
from opportunities.admin.decisions.confirm import decide
from opportunities.admin.decisions.verbs import Verb
from opportunities.admin.opportunities import page
from opportunities.admin.opportunities.beside import beside
from opportunities.admin.opportunities.decidable import DecidableRows
from opportunities.admin.opportunities.give_from_pool import draw
from opportunities.admin.opportunities.inbox import InboxAdmin
from opportunities.admin.opportunities.list_base import ClockFilter
from opportunities.admin.opportunities.pool import PoolAdmin
from opportunities.errors import Refused
from opportunities.models import Opportunity
from opportunities.timers import extension


@admin.register(Opportunity)
class OpportunityAdmin(DecidableRows):
    list_display = ("who", "standing", "at_stage", "timer", "holder", "of_team", "waiting")
    actions = ("reassign_chosen", "pool_chosen", "close_chosen")
    change_form_template = "admin/opportunities/opportunity/change_form.html"

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What is asked for by its clock comes in the clock's order, each by its own index."""
        if request.GET.get(ClockFilter.parameter_name) in {"overdue", "soon"}:
            return ("deadline", "id")
        if request.GET.get("owner"):
            return ("state", "deadline", "id")
        return self.ordering

    # --- One --------------------------------------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: Opportunity | None = None) -> Any:
        """None: the page tells the opportunity in its own words."""
        return []

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Opportunity | None:
        rows: QuerySet[Opportunity] = self.get_queryset(request)
        found = page.with_everything(rows)
        return found.filter(pk=int(object_id)).first() if object_id.isascii() and object_id.isdigit() else None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context.update(page.page(kwargs["obj"], current_user(request), timezone.now()))
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Doors ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"opportunities_opportunity_{name}")

        inbox = InboxAdmin(Opportunity, self.admin_site)
        pool = PoolAdmin(Opportunity, self.admin_site)
        return [
            at("inbox/", inbox.changelist_view, "inbox"),
            at("pool/", pool.changelist_view, "pool"),
            at("pool/figures/", pool.figures_view, "pool_figures"),
            at("pool/draw/", draw, "draw"),
            *(at(f"decide/{verb.value}/", self._decide_view(verb), verb.page) for verb in Verb),
            at("inbox/<int:pk>/", self.beside_view, "beside"),
            at("<int:pk>/extend/", self.extend_view, "extend"),
            at("<int:pk>/correct-sale/", self.correct_sale_view, "correct_sale"),
            at("<int:pk>/annul-sale/", self.annul_sale_view, "annul_sale"),
            *super().get_urls(),
        ]

    def _decide_view(self, verb: Verb) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest) -> HttpResponse:
            return decide(request, verb, context=self._context(request))

        view.__name__ = f"{verb.name.lower()}_view"
        return view

    def beside_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What it takes to decide about one, for the panel beside the inbox or as a page."""
        require_supervisor_role(request)
        row = get_object_or_404(page.with_everything(self.get_queryset(request)), pk=pk)
        return beside(request, row, context=self._context(request))

    def extend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The stage's time once more, from now: what a promoter may ask once, given by whoever decides."""
        user = require_supervisor_role(request)
        row = self.find(request, str(pk))

        def run(_data: Mapping[str, Any]) -> str:
            extension.extend(row.pk, by=user, version=row.version, now=timezone.now())
            return _("Prórroga concedida: el plazo de la etapa empieza de nuevo.")

        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Dar prórroga"),
                question=_("El plazo de la etapa empieza de nuevo desde ahora. Una sola vez por oportunidad."),
                button=_("Dar prórroga"),
                facts=[(_("Cliente"), str(row.client)), (_("Etapa"), str(row.stage)), (_("Promotor"), str(row.owner))],
                warning=_("Cuenta entre las prórrogas de la semana de su promotor."),
            ),
            run=run,
            refusals=Refused,
            back=reverse("admin:opportunities_opportunity_change", args=[row.pk]),
            context={**self._context(request), "original": row},
        )

    def correct_sale_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return sales.correct(request, self.find(request, str(pk)), context=self._context(request))

    def annul_sale_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return sales.annul(request, self.find(request, str(pk)), context=self._context(request))

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}
