"""What every list of messages shares: read-only rows with their tries, their history and why they do not go out."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import SimpleListFilter, display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import screens
from campaigns.admin.base import CampaignFilter, SessionFilter
from campaigns.decisions import may_decide
from campaigns.engine.why_not import why_not_this
from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign, Envio
from leadmaster.lib.admin.modeladmins import NOTHING, ReadOnlyAdmin, ScopedAdmin, UncountedPaginator, moment
from leadmaster.lib.phones import parsing
from whatsapp.models import Region


class AckFilter(SimpleListFilter):
    """How far a message got. Its states are named too, so that the index of progress finds the few among the many."""

    title = gettext_lazy("acuse")
    parameter_name = "ack"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(ack.value), str(ack.label)) for ack in Ack]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Envio]) -> QuerySet[Envio]:
        value = self.value()
        if value not in {str(ack.value) for ack in Ack}:
            return queryset
        # Whoever is late with a refusal had got somewhere before.
        return queryset.filter(ack=int(value), state__in=[EnvioState.SENT, EnvioState.ERROR])


class MessageAdmin(ReadOnlyAdmin[Envio], ScopedAdmin[Envio]):
    list_display: tuple[str, ...] = (
        "recipient",
        "campaign_name",
        "standing",
        "acknowledged",
        "sent",
        "trouble",
        "attempts",
    )
    list_filter: ClassVar[tuple[Any, ...]] = ("state", AckFilter, CampaignFilter, SessionFilter)
    search_fields = ("phone",)
    search_help_text = gettext_lazy("Teléfono completo, como lo escribas: 351 274-3915 o +54 9 351…")
    # Backwards over the claim's index, newest campaign first. By id alone, or with the campaigns joined, MariaDB sorts
    # every row that the person may see: 15 s for a million.
    ordering = ("-campaign_id", "-state", "-next_due", "-id")
    sortable_by = ()
    list_per_page = 50
    paginator = UncountedPaginator
    show_full_result_count = False
    change_form_template = "admin/campaigns/envio/change_form.html"
    sent = moment("sent_at", gettext_lazy("enviado"))

    def visible(self, rows: QuerySet[Envio], request: HttpRequest) -> QuerySet[Envio]:
        """The same rows as `visible_to`, by the ids of their campaigns instead of a join."""
        campaigns = list(Campaign.objects.visible_to(request.user).order_by().values_list("pk", flat=True))
        return rows.filter(campaign_id__in=campaigns).prefetch_related("campaign")

    def get_fields(self, request: HttpRequest, obj: Envio | None = None) -> Any:
        """None: the page tells the message in its own words, and what did not happen is not listed."""
        return []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Envio], search_term: str
    ) -> tuple[QuerySet[Envio], bool]:
        """By the whole phone, over its index: part of a number would read the whole table."""
        if not search_term.strip():
            return queryset, False
        found = parsing.meant(search_term, regions=Region.values)
        if not found:
            messages.warning(request, _("“%(text)s” no es un teléfono completo.") % {"text": search_term})
        return queryset.filter(phone__in=found), False

    @display(description=gettext_lazy("destinatario"))
    def recipient(self, envio: Envio) -> SafeString:
        number = parsing.pretty(envio.phone)
        return format_html(
            '<span class="lm-two"><b>{}</b><small class="lm-whole">{}</small></span>', envio.name or number, number
        )

    @display(description=gettext_lazy("teléfono"))
    def telephone(self, envio: Envio) -> str:
        return parsing.pretty(envio.phone)

    @display(description=gettext_lazy("campaña"))
    def campaign_name(self, envio: Envio) -> str:
        return envio.title

    @display(description=gettext_lazy("estado"))
    def standing(self, envio: Envio) -> SafeString:
        return screens.envio_badge(envio)

    @display(description=gettext_lazy("acuse"))
    def acknowledged(self, envio: Envio) -> str:
        return str(envio.get_ack_display()) if envio.message_id else NOTHING

    @display(description=gettext_lazy("error"))
    def trouble(self, envio: Envio) -> str:
        return envio.error_text or envio.error_code or NOTHING

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        envio = kwargs["obj"]
        context.update(detail(envio, request))
        return super().render_change_form(request, context, *args, **kwargs)


def detail(envio: Envio, request: HttpRequest) -> dict[str, Any]:
    """What the page of one message shows around its fields."""
    decides = may_decide(request.user, envio)
    return {
        "envio": envio,
        "moments": _moments(envio),
        "standing": why_not_this(envio, timezone.now()) if envio.state == EnvioState.PENDING else None,
        "tries": envio.attempt_log.order_by("-id"),
        "events": envio.events.select_related("by").order_by("-id"),
        "may_mark": decides and envio.state == EnvioState.PENDING,
        "may_decide": decides and envio.state == EnvioState.UNCERTAIN,
    }


def _moments(envio: Envio) -> list[tuple[str, dt.datetime]]:
    """What happened to it and when; what did not is left out."""
    told = (
        (_("Creado"), envio.created_at),
        (_("No antes de"), envio.next_due if envio.state == EnvioState.PENDING else None),
        (_("Salió hacia el gateway"), envio.dispatched_at),
        (_("Enviado"), envio.sent_at),
        (_("En el servidor"), envio.server_at),
        (_("Entregado"), envio.delivered_at),
        (_("Leído"), envio.read_at),
        (_("Terminó"), envio.ended_at),
    )
    return [(label, at) for label, at in told if at is not None]
