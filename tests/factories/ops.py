"""Alerts and heartbeats."""

from __future__ import annotations

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from leadmaster.ops.models import Alert, Heartbeat


class AlertFactory(DjangoModelFactory[Alert]):
    """An open alert; `resolved_at=…` makes a past one."""

    class Meta:
        model = Alert

    key = factory.Sequence(lambda n: f"alerta:{n}")
    open_key = factory.LazyAttribute(lambda alert: alert.key if alert.resolved_at is None else None)
    severity = Alert.Severity.WARNING
    title = "El gateway no responde"
    opened_at = factory.LazyFunction(timezone.now)
    last_seen_at = factory.LazyAttribute(lambda alert: alert.opened_at)
    resolved_at = None


class HeartbeatFactory(DjangoModelFactory[Heartbeat]):
    class Meta:
        model = Heartbeat

    name = factory.Sequence(lambda n: f"latido{n}")
    at = factory.LazyFunction(timezone.now)
