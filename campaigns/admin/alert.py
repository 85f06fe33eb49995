"""Alerts, each for whoever sees what it speaks of."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest

from campaigns.brakes.canary import ALERT as CANARY_ALERT
from campaigns.brakes.error_rate import ALERT as ERROR_RATE_ALERT
from campaigns.brakes.template import ALERT as TEMPLATE_ALERT
from campaigns.models import Campaign, Envio
from leadmaster.accounts.models import User
from leadmaster.ops.alert_admin import AlertAdmin
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


@admin.register(Alert)
class ScopedAlertAdmin(AlertAdmin):
    def visible_alerts(self, request: HttpRequest) -> QuerySet[Alert]:
        return visible_alerts(request.user)
