"""The one door to a session's state, in front of the real simulator."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django import Settings

from leadmaster.accounts.roles import Role
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator
from whatsapp import sessions
from whatsapp.gateways.base import GatewayError, Outcome, Scope
from whatsapp.models import State, WhatsAppSession

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)


def line(simulator: Simulator, **fields: object) -> WhatsAppSession:
    return WhatsAppSessionFactory(tenant_id="51", base_url=simulator.base_url, **fields)


def test_a_refresh_writes_what_the_gateway_says(simulator: Simulator) -> None:
    session = line(simulator, state=State.DISCONNECTED, state_at=None, last_seen_at=None)

    sessions.refresh(session, NOW)

    assert (session.state, session.state_at, session.last_seen_at) == (State.READY, NOW, NOW)
    assert "lookup" in session.capabilities
    assert not Alert.objects.exists()


def test_losing_a_working_line_raises_one_alert_that_ends_with_it(simulator: Simulator) -> None:
    session = line(simulator, state=State.READY, state_at=NOW)
    simulator.set_tenant("51", state="DISCONNECTED")

    sessions.refresh(session, NOW)
    assert not Alert.objects.exists(), "it may be back in a moment"
    for minute in range(1, 3):
        sessions.refresh(session, NOW + dt.timedelta(minutes=minute))
    assert session.state == State.DISCONNECTED
    assert session.state_at == NOW
    alert = Alert.objects.get()
    assert alert.resolved_at is None

    simulator.set_tenant("51", state="READY")
    sessions.refresh(session, NOW + dt.timedelta(minutes=4))
    alert.refresh_from_db()
    assert session.state == State.READY
    assert alert.resolved_at == NOW + dt.timedelta(minutes=4)


def test_a_wrong_port_is_seen_at_once_and_told_when_it_has_lasted_a_minute() -> None:
    session = WhatsAppSessionFactory(base_url="http://127.0.0.1:9", state=State.READY, state_at=NOW)

    sessions.refresh(session, NOW)

    assert session.state == State.DISCONNECTED
    assert session.unreachable_since == NOW
    assert session.trouble
    assert not Alert.objects.exists()
    sessions.refresh(session, NOW + dt.timedelta(minutes=1))
    alert = Alert.objects.get()
    assert (alert.key, alert.severity) == ("gateway:http://127.0.0.1:9", Alert.Severity.CRITICAL)


def error(code: str, **fields: object) -> GatewayError:
    return GatewayError(
        "No.",
        **{"outcome": Outcome.NOT_SENT, "scope": Scope.SESSION, "code": code, **fields},  # type: ignore[arg-type]
    )


def test_what_only_a_person_can_mend_pauses_the_line_until_somebody_says_so() -> None:
    session = WhatsAppSessionFactory(state=State.READY, state_at=NOW)

    sessions.record_error(session.pk, error("NOT_AUTHORISED", needs_person=True), NOW)
    session.refresh_from_db()
    assert session.paused_at == NOW
    assert not session.is_ready(NOW)
    assert sessions.refresh_all(NOW + dt.timedelta(hours=1)) == 0

    sessions.unpause(session, by=UserFactory(role=Role.SUPERVISOR), now=NOW)
    assert session.paused_at is None
    assert Alert.objects.get().resolved_at is not None


def test_a_gateway_that_asks_for_a_pause_gets_it_and_nobody_is_woken() -> None:
    session = WhatsAppSessionFactory(state=State.READY, state_at=NOW)

    sessions.record_error(session.pk, error("RATE_LIMITED", retry_after=120.0, http_status=429), NOW)
    session.refresh_from_db()

    assert not session.is_ready(NOW + dt.timedelta(seconds=119))
    assert session.is_ready(NOW + dt.timedelta(seconds=120))
    assert not Alert.objects.exists()


def test_refused_first_contacts_leave_the_line_working() -> None:
    session = WhatsAppSessionFactory(state=State.READY, state_at=NOW)

    sessions.record_error(session.pk, error("FIRST_CONTACT_REFUSED", outcome=Outcome.REFUSED, scope=Scope.COLD), NOW)
    session.refresh_from_db()

    assert session.is_ready(NOW)
    assert session.cold_until is not None
    assert session.cold_until > NOW


def test_an_error_about_one_message_says_nothing_about_the_line() -> None:
    session = WhatsAppSessionFactory(state=State.READY, state_at=NOW)

    sessions.record_error(session.pk, error("VALIDATION", outcome=Outcome.REFUSED, scope=Scope.MESSAGE), NOW)
    session.refresh_from_db()

    assert (session.state, session.trouble) == (State.READY, "")
    assert not Alert.objects.exists()


def test_a_silent_gateway_is_asked_less_and_less_often_up_to_two_minutes() -> None:
    session = WhatsAppSessionFactory(base_url="http://127.0.0.1:9", state=State.READY, state_at=NOW)
    waits = []
    now = NOW
    for _failure in range(6):
        sessions.refresh(session, now)
        assert session.probe_at is not None
        waits.append((session.probe_at - now).total_seconds())
        now = session.probe_at

    assert waits == [15, 30, 60, 120, 120, 120]


def test_a_new_line_is_asked_before_its_turn(simulator: Simulator) -> None:
    session = line(simulator, state=State.DISCONNECTED, state_at=None)

    assert sessions.greet(NOW) == 1
    assert sessions.greet(NOW) == 0
    session.refresh_from_db()
    assert session.state == State.READY


def test_the_token_of_the_environment_goes_to_the_gateway_of_the_environment_alone(settings: Settings) -> None:
    settings.SESSION_MANAGER_BASE_URL, settings.SESSION_MANAGER_TOKEN = "http://ours:3011", "secret"

    def token(**fields: str) -> str:
        session: WhatsAppSession = WhatsAppSessionFactory.build(**fields)
        return session.gateway_config().token

    assert token(base_url="") == "secret"
    assert token(base_url="http://ours:3011/") == "secret"
    assert token(base_url="http://elsewhere:3011") == ""
    assert token(base_url="http://elsewhere:3011", token="its own") == "its own"
