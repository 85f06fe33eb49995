"""Alerts, each for whoever sees what it speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.admin.alert_remedies import remedies
from campaigns.brakes.canary import ALERT as CANARY_ALERT
from campaigns.brakes.error_rate import ALERT as ERROR_RATE_ALERT
from campaigns.brakes.template import ALERT as TEMPLATE_ALERT
from campaigns.models import Campaign, Envio
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.lib.admin.modeladmins import NOTHING, ChangeList
from leadmaster.ops.alert_admin import AlertAdmin
from leadmaster.ops.alert_kinds import Remedy
from leadmaster.ops.models import Alert
from whatsapp.models import WhatsAppSession


def visible_alerts(user: Any) -> QuerySet[Alert]:
    """What concerns the installation is for every supervisor; what concerns one row, for whoever sees the row."""
    alerts = Alert.objects.all()
    if not isinstance(user, User):
        return alerts.none()
    if user.is_administrator:
        return alerts
    owned = {
        "session:": WhatsAppSession.objects.visible_to(user),
        "session-cold:": WhatsAppSession.objects.visible_to(user),
        "callback-secret:": WhatsAppSession.objects.visible_to(user),
        "callback-refused:": WhatsAppSession.objects.visible_to(user),
        CANARY_ALERT: Campaign.objects.visible_to(user),
        ERROR_RATE_ALERT: Campaign.objects.visible_to(user),
        TEMPLATE_ALERT: Campaign.objects.visible_to(user),
        "campaign:": Campaign.objects.visible_to(user),
        "envio-conflict:": Envio.objects.decided_by(user),
    }
    shown = Q()
    for prefix, rows in owned.items():
        keys = rows.order_by().annotate(key=Concat(Value(prefix), Cast("pk", CharField()))).values("key")
        shown &= ~Q(key__startswith=prefix) | Q(key__in=keys)
    return alerts.filter(shown)


class AlertList(ChangeList):
    """What can be done about each of the page, for all of them at once."""

    result_list: Iterable[Alert]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        ways = remedies([row for row in rows if row.resolved_at is None], current_user(request), timezone.now())
        for row in rows:
            row.__dict__["way"] = ways.get(row.pk)
        self.result_list = rows


@admin.register(Alert)
class ScopedAlertAdmin(AlertAdmin):
    list_display = (*AlertAdmin.list_display, "way")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AlertList

    @display(description="")
    def way(self, alert: Alert) -> SafeString:
        """The button that does something about it."""
        found: Remedy | None = alert.__dict__.get("way")
        if found is None or not found.url:
            return NOTHING
        return format_html('<a class="lm-button lm-button-small" href="{}">{}</a>', found.url, found.button)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        alert: Alert = kwargs["obj"]
        context["remedy"] = remedies([alert], current_user(request), timezone.now())[alert.pk]
        return super().render_change_form(request, context, *args, **kwargs)

    def visible_alerts(self, request: HttpRequest) -> QuerySet[Alert]:
        return visible_alerts(request.user)
