"""The inbox [bandeja]: exits that wait for a decision, the oldest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter, display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import NOTHING, ChangeList
from leadmaster.lib.screens import Tone
from opportunities import badges
from opportunities.admin.badges import waiting
from opportunities.admin.base import PromoterFilter, StageFilter, TeamFilter, current_user
from opportunities.admin.decisions.verbs import KEYS, Verb, address
from opportunities.admin.opportunities.decidable import UnregisteredListAdmin
from opportunities.admin.opportunities.list_base import RowsList
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from opportunities.queries.latest_message import LatestMessage, latest_messages
from opportunities.supervision.frozen import seen

# From here on whoever waits waits too long.
_SLOW, _LATE = dt.timedelta(hours=24), dt.timedelta(hours=72)


class InboxList(RowsList):
    """What was last said to each client of the page, for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        said = latest_messages(rows, viewer=current_user(request))
        for row in rows:
            row.__dict__.update(said=said.get(row.pk), back=request.get_full_path())
        self.result_list = rows


class OrderFilter(SimpleListFilter):
    """How the inbox is sorted; `InboxAdmin.get_ordering` does it."""

    title = gettext_lazy("orden")
    parameter_name = "orden"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("nuevas", _("Las últimas primero")), ("promotor", _("Por promotor"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("Las que más esperan")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
        return queryset


class InboxAdmin(UnregisteredListAdmin):
    """Mounted by the page of opportunities; a list of its own over the same rows."""

    list_name = gettext_lazy("bandeja")
    list_display = ("who", "why", "holder", "waiting", "conversation", "tries", "decide")
    list_filter: ClassVar[tuple[Any, ...]] = (OrderFilter, StageFilter, PromoterFilter, TeamFilter)
    ordering = ("state_since", "id")
    actions = ("give_back_chosen", "reassign_chosen", "pool_chosen", "close_chosen")
    list_before_template = "admin/opportunities/inbox_head.html"
    nothing_yet = gettext_lazy("Nada espera tu decisión. Cuando un promotor saque una oportunidad, aparece aquí.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Opportunity]:
        return super().get_queryset(request).filter(state=OpportunityState.EXIT)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        orders = {"nuevas": ("-state_since", "-id"), "promotor": ("owner_id", "state_since", "id")}
        return orders.get(request.GET.get(OrderFilter.parameter_name, ""), self.ordering)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"waiting": waiting(request), **(extra_context or {})})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return InboxList

    @display(description=gettext_lazy("por qué salió"))
    def why(self, row: Opportunity) -> SafeString:
        words = format_html("<small>“{}”</small>", row.exit_reason) if row.exit_reason else ""
        return format_html('<span class="lm-two lm-exit">{}{}</span>', badges.stage_name(row.stage), words)

    @display(description=gettext_lazy("promotor"))
    def holder(self, row: Opportunity) -> SafeString:
        return format_html('<span class="lm-two"><b>{}</b><small>{}</small></span>', row.owner or "—", row.team)

    @display(description=gettext_lazy("espera"))
    def waiting(self, row: Opportunity) -> SafeString:
        now = timezone.now()
        waited = now - row.state_since
        tone: Tone = "bad" if waited >= _LATE else "warn" if waited >= _SLOW else "neutral"
        return screens.badge(screens.age(row.state_since, now), tone)

    @display(description=gettext_lazy("última conversación"))
    def conversation(self, row: Opportunity) -> SafeString:
        said: LatestMessage | None = row.__dict__.get("said")
        if said is None:
            return format_html('<span class="lm-none">{}</span>', _("sin mensajes ni notas"))
        return format_html(
            '<span class="lm-two lm-words"><span>{}</span><small>{} · {}</small></span>',
            said.text,
            said.what,
            screens.when(said.at, timezone.now()),
        )

    @display(description=gettext_lazy("vez"))
    def tries(self, row: Opportunity) -> Any:
        """How often it was assigned, this time included."""
        return _("%(n)dª") % {"n": row.attempts} if row.attempts else NOTHING

    @display(description="")
    def decide(self, row: Opportunity) -> SafeString:
        links = (
            (Verb.GIVE_BACK, _("Devolver")),
            (Verb.REASSIGN, _("Reasignar")),
            (Verb.POOL, _("Al pool")),
            (Verb.CLOSE, _("Cerrar")),
        )
        back = row.__dict__.get("back") or reverse("admin:opportunities_opportunity_inbox")
        buttons = format_html_join(
            "",
            '<a href="{}" data-key="{}">{}</a>',
            ((address(verb, [seen(row)], back=back), KEYS[verb], name) for verb, name in links),
        )
        return format_html('<span class="lm-choices">{}</span>', buttons)
