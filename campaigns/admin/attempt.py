"""The log of tries: read by everybody who may see the message, changed by nobody."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from campaigns import screens
from campaigns.models import Attempt, Envio
from leadmaster.lib.modeladmins import NOTHING, ReadOnlyAdmin, UncountedPaginator, moment


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin[Attempt]):
    list_display = ("id", "at", "campaign", "recipient", "result", "took", "http_status", "code", "host", "worker")
    list_filter = ("outcome",)
    list_select_related = ("envio__campaign",)
    ordering = ("-id",)
    list_per_page = 50
    paginator = UncountedPaginator
    show_full_result_count = False
    at = moment("claimed_at", _("tomado"))
    fields = (
        "envio",
        "result",
        "code",
        "detail",
        ("due_at", "claimed_at", "dispatched_at", "finished_at"),
        ("host", "http_status", "took"),
        "message_id",
        ("counted", "refunded"),
        ("worker", "lane", "token"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        seen = Envio.objects.visible_to(request.user)
        rows = super().get_queryset(request)
        # Administrators see all: without the condition the newest come straight from the primary key.
        return rows if getattr(request.user, "is_administrator", False) else rows.filter(envio__in=seen)

    @display(description=_("campaña"))
    def campaign(self, attempt: Attempt) -> str:
        return attempt.envio.campaign.name

    @display(description=_("destinatario"))
    def recipient(self, attempt: Attempt) -> str:
        return attempt.envio.name or attempt.envio.phone

    @display(description=_("resultado"))
    def result(self, attempt: Attempt) -> SafeString:
        return screens.outcome_badge(attempt)

    @display(description=_("duración"))
    def took(self, attempt: Attempt) -> str:
        return NOTHING if attempt.duration_ms is None else f"{attempt.duration_ms / 1000:.1f} s"
