"""What a line says of itself: states that come late change nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from leadmaster.ops.models import Alert
from tests.campaigns.webhooks.events import event, post
from whatsapp import health
from whatsapp.models import State, WhatsAppSession


def state(name: str, *, at: dt.datetime) -> dict[str, Any]:
    return event("session.state", {"state": name, "can_send_messages": name == "READY"}, at=at)


def test_a_disconnection_stops_the_line_and_tells_somebody(session: WhatsAppSession) -> None:
    WhatsAppSession.objects.update(state_at=timezone.now() - dt.timedelta(hours=1))
    for ago in (65, 64, 1):
        assert post(state("DISCONNECTED", at=timezone.now() - dt.timedelta(seconds=ago))) == 200

    session.refresh_from_db()
    assert session.state == State.DISCONNECTED
    health.review(timezone.now())  # as the watchdog does three times a minute
    assert Alert.objects.filter(resolved_at__isnull=True).count() == 1


def test_an_old_state_that_comes_late_changes_nothing(session: WhatsAppSession) -> None:
    now = timezone.now()
    WhatsAppSession.objects.update(state_at=now - dt.timedelta(minutes=5))
    post(state("DISCONNECTED", at=now - dt.timedelta(seconds=10)))

    assert post(state("READY", at=now - dt.timedelta(seconds=20))) == 200

    session.refresh_from_db()
    assert session.state == State.DISCONNECTED


def test_changes_that_come_late_but_in_order_are_all_applied(session: WhatsAppSession) -> None:
    now = timezone.now()
    WhatsAppSession.objects.update(state_at=now - dt.timedelta(minutes=5))
    for name, ago in (("DISCONNECTED", 30), ("CONNECTING", 20), ("READY", 10)):
        post(state(name, at=now - dt.timedelta(seconds=ago)))

    session.refresh_from_db()
    assert session.state == State.READY
    assert not Alert.objects.filter(resolved_at__isnull=True).exists()
