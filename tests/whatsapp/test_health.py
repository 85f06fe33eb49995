"""One alert per cause, however many lines it has and however often it comes and goes; and its end with the cure."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from leadmaster.accounts.roles import Role
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp import health, screens, sessions
from whatsapp.gateways.base import GatewayError, Outcome, Scope, SessionState, SessionStatus
from whatsapp.models import SessionEvent, State, WhatsAppSession
from whatsapp.standing import Standing, standing

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)
MINUTE = dt.timedelta(minutes=1)
READY = SessionStatus(state=SessionState.READY, can_send=True)
DEAF = SessionStatus(state=SessionState.READY, can_send=False)


def line(**fields: object) -> WhatsAppSession:
    fields = {"state_at": NOW - dt.timedelta(hours=1), "paired_at": NOW - dt.timedelta(days=9), **fields}
    session: WhatsAppSession = WhatsAppSessionFactory(**fields)
    return session


def error(code: str, *, scope: Scope = Scope.SESSION, **fields: object) -> GatewayError:
    outcome = Outcome.REFUSED if scope is Scope.COLD else Outcome.NOT_SENT
    return GatewayError("No.", outcome=outcome, scope=scope, code=code, **fields)  # type: ignore[arg-type]


NOT_READY = error("SESSION_NOT_READY", http_status=409)
SILENT = error("UNREACHABLE")
COLD = error("FIRST_CONTACT_REFUSED", scope=Scope.COLD)


def open_alerts() -> list[str]:
    return list(Alert.objects.filter(open_key__isnull=False).order_by("id").values_list("key", flat=True))


# --- A gateway's trouble is the gateway's --------------------------------------------------------------------------


def test_a_gateway_that_hangs_is_one_alert_whatever_the_number_of_its_lines() -> None:
    lines = [line(base_url="http://one:3011") for _ in range(4)]
    other = line(base_url="http://two:3011")
    for session in (*lines, other):
        sessions.record_error(session.pk, SILENT, NOW)
    assert open_alerts() == []

    health.review(NOW + MINUTE)

    assert sorted(open_alerts()) == ["gateway:http://one:3011", "gateway:http://two:3011"]
    assert "4 de sus 4 líneas" in Alert.objects.get(key="gateway:http://one:3011").body
    for session in lines:
        sessions.record_status(session.pk, READY, NOW + 2 * MINUTE)
    assert open_alerts() == ["gateway:http://two:3011"]


def test_a_gateway_that_starts_a_little_later_wakes_nobody() -> None:
    session = line()
    sessions.record_error(session.pk, SILENT, NOW)
    health.review(NOW + dt.timedelta(seconds=59))

    sessions.record_status(session.pk, READY, NOW + MINUTE)
    health.review(NOW + 3 * MINUTE)

    assert not Alert.objects.exists()


def test_a_refused_token_is_one_alert_of_its_gateway() -> None:
    lines = [line(name=f"Línea {n}") for n in range(3)]

    for session in lines:
        sessions.record_error(session.pk, error("NOT_AUTHORISED", needs_person=True), NOW)

    [alert] = Alert.objects.all()
    assert alert.key.startswith("gateway-token:")
    assert all(session.name in alert.body for session in lines)


# --- What flaps ------------------------------------------------------------------------------------------------------


def test_ready_and_refusing_each_message_is_one_alert_for_an_hour_and_is_tried_less_and_less() -> None:
    session, now, tries = line(), NOW, 0
    while now < NOW + 60 * MINUTE:
        session.refresh_from_db()
        if session.is_ready(now):
            sessions.record_error(session.pk, NOT_READY, now, sending=True)
            tries += 1
        sessions.record_status(session.pk, READY, now)
        health.review(now)
        now += dt.timedelta(seconds=20)

    session.refresh_from_db()
    assert standing(session, now) is Standing.MUTE
    assert screens.session_word(session, now) == "Conectada, pero no envía"
    [alert] = Alert.objects.all()
    assert (alert.key, alert.resolved_at) == (f"session:{session.pk}", None)
    assert "conectada, pero no envía" in alert.title
    assert tries < 12

    sessions.record_sent(session.pk, now)
    session.refresh_from_db()
    assert standing(session, now) is Standing.READY
    assert open_alerts() == []


def test_a_line_that_comes_and_goes_is_one_alert() -> None:
    session = line()
    gone = SessionStatus(state=SessionState.DISCONNECTED, can_send=False)
    for minute in range(0, 30, 3):
        at = NOW + minute * MINUTE
        sessions.record_status(session.pk, gone, at)
        health.review(at + MINUTE)
        assert open_alerts() == [f"session:{session.pk}"]
        sessions.record_status(session.pk, READY, at + 2 * MINUTE)
        assert open_alerts() == []

    assert Alert.objects.get().count >= 10


# --- Connected and deaf ----------------------------------------------------------------------------------------------


def test_connected_and_not_sending_is_one_state_until_the_gateway_says_otherwise() -> None:
    session = line()
    sessions.record_status(session.pk, DEAF, NOW)
    health.review(NOW + MINUTE)

    session.refresh_from_db()
    assert not session.is_ready(NOW)
    assert not WhatsAppSession.objects.ready(NOW).exists()
    assert screens.session_word(session, NOW) == "Conectada, pero no envía"
    assert "Todo listo" not in screens.session_advice(session, NOW)
    [alert] = Alert.objects.all()
    assert "está conectada, pero no envía" in alert.title
    assert "desconectó" not in alert.title

    sessions.record_status(session.pk, READY, NOW + 2 * MINUTE)
    session.refresh_from_db()
    assert session.is_ready(NOW + 2 * MINUTE)
    assert open_alerts() == []


# --- A cause ends with its cure ------------------------------------------------------------------------------------


def test_the_sentence_of_a_silent_gateway_ends_when_it_answers_whatever_it_says() -> None:
    session = line()
    sessions.record_error(session.pk, SILENT, NOW)
    health.review(NOW + MINUTE)

    sessions.record_status(session.pk, SessionStatus(state=SessionState.AWAITING_QR, can_send=False), NOW + 2 * MINUTE)

    session.refresh_from_db()
    assert (session.trouble, session.unreachable_since) == ("", None)
    assert not any(key.startswith("gateway:") for key in open_alerts())


def test_a_line_that_nobody_paired_yet_is_work_to_do_and_no_alarm() -> None:
    session = line(state=State.DISCONNECTED, paired_at=None)
    for minute in range(5):
        sessions.record_status(
            session.pk, SessionStatus(state=SessionState.AWAITING_QR, can_send=False), NOW + minute * MINUTE
        )

    session.refresh_from_db()
    assert screens.session_word(session, NOW) == "Falta vincular"
    assert not Alert.objects.exists()


def gone(reason: str) -> SessionStatus:
    return SessionStatus(state=SessionState.DISCONNECTED, can_send=False, reason=reason)


def test_who_was_logged_out_is_told_so_and_goes_on_once_paired_anew() -> None:
    session = line()
    sessions.record_status(session.pk, gone("LOGGED_OUT"), NOW)

    session.refresh_from_db()
    assert standing(session, NOW) is Standing.LOGGED_OUT
    [alert] = Alert.objects.all()
    assert "perdió el vínculo" in alert.title
    assert "vincular el número otra vez" in alert.body

    sessions.record_status(session.pk, READY, NOW + 5 * MINUTE)
    session.refresh_from_db()
    assert (session.paused_at, session.trouble) == (None, "")
    assert open_alerts() == []


def test_a_banned_number_waits_for_its_person_though_it_says_ready() -> None:
    session = line()
    sessions.record_status(session.pk, gone("BANNED"), NOW)

    sessions.record_status(session.pk, READY, NOW + MINUTE)

    session.refresh_from_db()
    assert session.paused_at == NOW
    assert open_alerts() == [f"session:{session.pk}"]


def test_a_line_closed_on_request_is_not_logged_out() -> None:
    session = line()

    sessions.record_status(session.pk, gone("REQUESTED"), NOW)

    session.refresh_from_db()
    assert session.paused_at is None


# --- Refused first contacts ------------------------------------------------------------------------------------------


def test_one_refused_first_contact_slows_and_several_stop() -> None:
    session, rests = line(), []
    for refusal in range(3):
        at = NOW + refusal * 2 * dt.timedelta(hours=1)
        sessions.record_error(session.pk, COLD, at, sending=True)
        session.refresh_from_db()
        assert session.cold_until is not None
        rests.append(session.cold_until - at)
        [alert] = Alert.objects.filter(open_key__isnull=False)
        stopped = refusal == 2
        assert alert.severity == (Alert.Severity.CRITICAL if stopped else Alert.Severity.WARNING)

    assert rests == [dt.timedelta(minutes=10), dt.timedelta(hours=1), dt.timedelta(hours=24)]
    assert session.is_ready(NOW)
    kinds = list(SessionEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == [SessionEvent.Kind.COLD_SLOWED, SessionEvent.Kind.COLD_SLOWED, SessionEvent.Kind.COLD_STOPPED]


def test_a_refusal_of_the_day_before_counts_no_more() -> None:
    session = line(cold_refusals=2, cold_refused_at=NOW - dt.timedelta(hours=25))

    sessions.record_error(session.pk, COLD, NOW, sending=True)

    session.refresh_from_db()
    assert session.cold_until == NOW + dt.timedelta(minutes=10)


def test_it_is_told_while_it_lasts_and_no_longer() -> None:
    session = line()
    sessions.record_error(session.pk, COLD, NOW, sending=True)

    sessions.record_status(session.pk, READY, NOW + MINUTE)
    assert open_alerts() == [f"session-cold:{session.pk}"]
    health.review(NOW + 10 * MINUTE)

    assert open_alerts() == []


def test_a_supervisor_lifts_it_once_and_says_why() -> None:
    session, boss = line(), UserFactory(role=Role.SUPERVISOR)
    sessions.record_error(session.pk, COLD, NOW, sending=True)

    sessions.lift_cold(session, by=boss, reason="Era un número mal cargado", now=NOW + MINUTE)

    assert session.cold_until is None
    event = SessionEvent.objects.latest("id")
    assert (event.kind, event.by, event.reason) == (
        SessionEvent.Kind.COLD_LIFTED,
        boss,
        "Era un número mal cargado",
    )
    assert Alert.objects.get().resolved_by == boss
    with pytest.raises(sessions.NothingToLift):
        sessions.lift_cold(session, by=boss, reason="Otra vez", now=NOW + MINUTE)


# --- Clocks ------------------------------------------------------------------------------------------------------------


def test_a_turn_that_a_clock_ahead_wrote_down_is_taken_now() -> None:
    line(state=State.DISCONNECTED, base_url="http://127.0.0.1:9", probe_at=NOW + dt.timedelta(hours=2))
    resting = line(state=State.DISCONNECTED, base_url="http://127.0.0.1:9", probe_at=NOW + MINUTE)

    assert sessions.refresh_all(NOW) == 1
    resting.refresh_from_db()
    assert resting.probe_at == NOW + MINUTE
