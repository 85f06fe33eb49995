"""The log of tries: read by everybody who may see the message, changed by nobody."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from campaigns import screens
from campaigns.models import Attempt, SessionDay
from leadmaster.accounts.models import User
from leadmaster.lib.admin.modeladmins import NOTHING, ReadOnlyAdmin, UncountedPaginator, moment
from whatsapp.models import WhatsAppSession

# Days of sessions that the log reaches back for whoever does not see all: a year of three.
_DAYS = 1000


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin[Attempt]):
    list_display = ("id", "at", "campaign", "recipient", "result", "took", "http_status", "code", "host", "worker")
    list_filter = ("outcome",)
    sortable_by = ()
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

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The newest first: by the primary key for whoever sees all, by day and session over their index for others."""
        return ("-id",) if _sees_all(request) else ("-session_day_id", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        rows = super().get_queryset(request).prefetch_related("envio__campaign")
        if _sees_all(request):
            return rows
        sessions = WhatsAppSession.objects.visible_to(request.user)
        days = SessionDay.objects.filter(session__in=sessions).order_by("-id")[:_DAYS]
        return rows.filter(session_day_id__in=list(days.values_list("pk", flat=True)))

    @display(description=_("campaña"))
    def campaign(self, attempt: Attempt) -> str:
        return attempt.envio.title

    @display(description=_("destinatario"))
    def recipient(self, attempt: Attempt) -> str:
        return attempt.envio.name or attempt.envio.phone

    @display(description=_("resultado"))
    def result(self, attempt: Attempt) -> SafeString:
        return screens.outcome_badge(attempt)

    @display(description=_("duración"))
    def took(self, attempt: Attempt) -> str:
        return NOTHING if attempt.duration_ms is None else screens.took(attempt)


def _sees_all(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_administrator
