"""Lists of opportunities whose chosen rows can be decided about."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

from django.contrib.admin import action
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from opportunities.admin.base import current_user
from opportunities.admin.decisions.undo_banner import undoable
from opportunities.admin.decisions.verbs import PAGES, Verb
from opportunities.admin.opportunities.list_base import OpportunityRows, chosen
from opportunities.models import Opportunity


class DecidableRows(OpportunityRows):
    """Each verb as an action; above the list, what this person did a moment ago and can still take back."""

    list_before_template = "admin/opportunities/recent.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"recent": undoable(current_user(request), timezone.now()), **(extra_context or {})}
        return super().changelist_view(request, context)

    @action(description=PAGES[Verb.REASSIGN].label)
    def reassign_chosen(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> HttpResponse:
        return chosen(Verb.REASSIGN, request, queryset)

    @action(description=PAGES[Verb.GIVE_BACK].label)
    def give_back_chosen(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> HttpResponse:
        return chosen(Verb.GIVE_BACK, request, queryset)

    @action(description=PAGES[Verb.POOL].label)
    def pool_chosen(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> HttpResponse:
        return chosen(Verb.POOL, request, queryset)

    @action(description=gettext_lazy("Cerrar"))
    def close_chosen(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> HttpResponse:
        return chosen(Verb.CLOSE, request, queryset)


class UnregisteredListAdmin(DecidableRows):
    """A list of its own over the same table, mounted below the page of opportunities instead of registered."""

    list_name: ClassVar[Any] = ""

    def __init__(self, model: type[Opportunity], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        # The header tells the name of what is listed; the table's is another.
        self.opts = copy.copy(self.opts)
        self.opts.verbose_name_plural = self.list_name

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"opts": self.opts, **(extra_context or {})})
