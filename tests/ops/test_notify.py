"""Each opening and each resolution is told at least once, by every channel, and failures are tried again."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from leadmaster.ops import notices
from leadmaster.ops.alerts import raise_alert, resolve_alert
from leadmaster.ops.models import Alert
from leadmaster.ops.notify import Notifier, NotifyReport, configured_channels
from tests.ops.receiver import Receiver, receiving

NOON = dt.datetime(2026, 2, 7, 12, 0, tzinfo=dt.UTC)
SECRET = "shared with the receiver"

pytestmark = pytest.mark.django_db


def after(seconds: int) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def open_alert(key: str = "tick_late", *, title: str = "Sin latido") -> None:
    raise_alert(key, title=title, body="Revisa el cluster", severity=Alert.Severity.CRITICAL, now=NOON)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as receiver:
        settings.ALERT_WEBHOOK_URL = receiver.url
        settings.ALERT_WEBHOOK_SECRET = SECRET
        yield receiver


@pytest.fixture
def mailbox(settings: Settings) -> list[mail.EmailMessage]:
    settings.ALERT_EMAILS = ["guardia@example.com", "jefa@example.com"]
    return mail.outbox


def test_mail_says_what_is_wrong_since_when_and_how_often(mailbox: list[mail.EmailMessage]) -> None:
    open_alert()
    open_alert()

    report = Notifier(configured_channels()).tell_pending(now=NOON)

    assert report == NotifyReport(told=1)
    (message,) = mailbox
    assert message.to == ["guardia@example.com", "jefa@example.com"]
    assert message.subject == "[LeadMaster] Crítica: Sin latido"
    assert "Revisa el cluster" in message.body
    assert "Veces: 2" in message.body
    assert "07/02/2026 09:00 (America/Argentina/Cordoba)" in message.body
    assert Alert.objects.get().open_notified_at == NOON


def test_the_webhook_gets_signed_json(receiver: Receiver) -> None:
    open_alert()

    Notifier(configured_channels()).tell_pending(now=NOON)

    ((headers, body),) = receiver.requests
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-LeadMaster-Signature"] == f"sha256={expected}"
    assert json.loads(body) == {
        "id": f"alert-{Alert.objects.get().pk}-opened",
        "event": "opened",
        "key": "tick_late",
        "severity": "critica",
        "title": "Sin latido",
        "body": "Revisa el cluster",
        "count": 1,
        "opened_at": "2026-02-07 12:00:00+00:00",
        "resolved_at": None,
    }


def test_what_was_told_is_not_told_again(mailbox: list[mail.EmailMessage]) -> None:
    open_alert()
    Notifier(configured_channels()).tell_pending(now=NOON)
    open_alert()

    report = Notifier(configured_channels()).tell_pending(now=after(60))

    assert report == NotifyReport()
    assert len(mailbox) == 1


def test_a_resolution_is_told_too(mailbox: list[mail.EmailMessage]) -> None:
    notifier = Notifier(configured_channels())
    open_alert()
    notifier.tell_pending(now=NOON)
    resolve_alert("tick_late", now=after(60))

    assert notifier.tell_pending(now=after(60 + 119)) == NotifyReport(), "it may come back"
    assert notifier.tell_pending(now=after(60 + 120)) == NotifyReport(told=1)

    assert [message.subject for message in mailbox] == [
        "[LeadMaster] Crítica: Sin latido",
        "[LeadMaster] Resuelta: Sin latido",
    ]
    assert Alert.objects.get().resolve_notified_at == after(180)


def test_an_alert_that_came_and_went_unnoticed_is_told_as_both(receiver: Receiver) -> None:
    open_alert()
    resolve_alert("tick_late", now=after(5))

    assert Notifier(configured_channels()).tell_pending(now=after(125)) == NotifyReport(told=2)

    assert [json.loads(body)["event"] for _, body in receiver.requests] == ["opened", "resolved"]


def test_a_failure_is_recorded_and_tried_again_at_growing_distances(receiver: Receiver) -> None:
    notifier = Notifier(configured_channels())
    receiver.status = 500
    open_alert()

    assert notifier.tell_pending(now=NOON) == NotifyReport(failed=1)
    alert = Alert.objects.get()
    assert (alert.open_notified_at, alert.notify_error) == (None, "webhook: HTTP 500")
    notifier.tell_pending(now=after(19))
    assert len(receiver.requests) == 1
    notifier.tell_pending(now=after(20))
    notifier.tell_pending(now=after(59))
    assert len(receiver.requests) == 2

    receiver.status = 200
    assert notifier.tell_pending(now=after(60)) == NotifyReport(told=1)
    alert.refresh_from_db()
    assert (alert.open_notified_at, alert.notify_error) == (after(60), "")


def test_one_broken_channel_does_not_make_the_other_repeat_itself(
    receiver: Receiver, mailbox: list[mail.EmailMessage]
) -> None:
    notifier = Notifier(configured_channels())
    receiver.status = 503
    open_alert()
    for minute in range(5):
        notifier.tell_pending(now=after(60 * minute))
    assert len(mailbox) == 1
    assert Alert.objects.get().open_notified_at is None

    receiver.status = 204
    notifier.tell_pending(now=after(3600))

    assert len(mailbox) == 1
    assert Alert.objects.get().open_notified_at == after(3600)


def test_a_restarted_process_tells_what_the_last_one_could_not(receiver: Receiver) -> None:
    receiver.status = 500
    open_alert()
    Notifier(configured_channels()).tell_pending(now=NOON)
    receiver.status = 204

    assert Notifier(configured_channels()).tell_pending(now=after(1)) == NotifyReport(told=1)

    assert [json.loads(body)["id"] for _, body in receiver.requests] == [f"alert-{Alert.objects.get().pk}-opened"] * 2


def test_a_receiver_that_is_not_there_is_a_failure_like_any_other(settings: Settings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{unused.getsockname()[1]}"
        settings.ALERT_WEBHOOK_SECRET = SECRET
        open_alert()

        assert Notifier(configured_channels()).tell_pending(now=NOON) == NotifyReport(failed=1)

    assert Alert.objects.get().notify_error == "webhook: ConnectionError"


def test_a_mail_server_that_is_not_there_is_a_failure_like_any_other(
    settings: Settings, mailbox: list[mail.EmailMessage]
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    open_alert()

    assert Notifier(configured_channels()).tell_pending(now=NOON) == NotifyReport(failed=1)

    assert Alert.objects.get().notify_error == "mail: ConnectionRefusedError"


def test_a_redirect_is_not_followed_with_our_signature(receiver: Receiver) -> None:
    receiver.status = 307
    open_alert()

    assert Notifier(configured_channels()).tell_pending(now=NOON) == NotifyReport(failed=1)

    assert len(receiver.requests) == 1


def test_a_line_break_in_a_title_makes_no_mail_header(mailbox: list[mail.EmailMessage]) -> None:
    open_alert(title="Sesión\nBcc: otra@example.com")

    assert Notifier(configured_channels()).tell_pending(now=NOON) == NotifyReport(told=1)

    assert mailbox[0].subject == "[LeadMaster] Crítica: Sesión Bcc: otra@example.com"


def test_a_channel_that_is_new_is_not_told_last_weeks_news(mailbox: list[mail.EmailMessage]) -> None:
    open_alert("old")
    resolve_alert("old", now=after(60))
    open_alert("still open")

    Notifier(configured_channels()).tell_pending(now=NOON + dt.timedelta(days=7))

    assert len(mailbox) == 1
    assert Alert.objects.get(key="still open").open_notified_at is not None


def test_with_nobody_to_tell_nothing_is_marked_as_told() -> None:
    open_alert()

    assert Notifier(configured_channels()).tell_pending(now=NOON) == NotifyReport()

    assert Alert.objects.get().open_notified_at is None


# --- Reminders, quiet hours, heaps ------------------------------------------------------------------------------------

# 03:00 at Córdoba, and the morning after it.
NIGHT = dt.datetime(2026, 2, 7, 6, 0, tzinfo=dt.UTC)
MORNING = NIGHT + dt.timedelta(hours=5)


def hours(number: float) -> dt.datetime:
    return NOON + dt.timedelta(hours=number)


def warn(key: str, *, now: dt.datetime, severity: str = Alert.Severity.WARNING) -> None:
    raise_alert(key, title=f"Aviso {key}", severity=severity, now=now)


def subjects(mailbox: list[mail.EmailMessage]) -> list[str]:
    found = [message.subject.removeprefix("[LeadMaster] ") for message in mailbox]
    mailbox.clear()
    return found


def test_what_stays_open_is_told_again_after_hours_and_then_once_a_day(
    mailbox: list[mail.EmailMessage], settings: Settings
) -> None:
    settings.ALERT_REMINDER_HOURS = 6
    warn("disk", now=NOON)
    notifier = Notifier(configured_channels())

    told = {number for number in range(80) if notifier.tell_pending(now=hours(number)) == NotifyReport(told=1)}

    assert told == {0, 6, 30, 54, 78}
    assert subjects(mailbox) == ["Advertencia: Aviso disk", *["Sigue abierta: Aviso disk"] * 4]
    resolve_alert("disk", now=hours(80))
    notifier.tell_pending(now=hours(81))
    assert subjects(mailbox) == ["Resuelta: Aviso disk"]
    assert notifier.tell_pending(now=hours(200)) == NotifyReport()


def test_what_only_informs_and_what_nobody_wants_is_not_told_again(
    mailbox: list[mail.EmailMessage], settings: Settings
) -> None:
    warn("news", now=NOON, severity=Alert.Severity.INFO)
    notifier = Notifier(configured_channels())
    notifier.tell_pending(now=NOON)
    settings.ALERT_REMINDER_HOURS = 1
    assert notifier.tell_pending(now=hours(30)) == NotifyReport()

    warn("disk", now=NOON)
    notifier.tell_pending(now=NOON)
    settings.ALERT_REMINDER_HOURS = 0

    assert notifier.tell_pending(now=hours(30)) == NotifyReport()
    assert len(mailbox) == 2


def test_a_reminder_that_failed_is_the_same_one_when_it_is_tried_again(receiver: Receiver, settings: Settings) -> None:
    settings.ALERT_REMINDER_HOURS = 6
    open_alert()
    notifier = Notifier(configured_channels())
    notifier.tell_pending(now=NOON)
    receiver.status = 500

    assert notifier.tell_pending(now=hours(6)) == NotifyReport(failed=1)
    receiver.status = 200
    assert notifier.tell_pending(now=hours(7)) == NotifyReport(told=1)

    opened, failed, told = (json.loads(body) for _headers, body in receiver.requests)
    assert (opened["event"], failed["event"], told["event"]) == ("opened", "reminder", "reminder")
    assert failed["id"] == told["id"] != opened["id"]


def test_at_night_only_what_is_critical_is_told_and_the_rest_in_the_morning(
    mailbox: list[mail.EmailMessage], settings: Settings
) -> None:
    settings.ALERT_QUIET_HOURS = (dt.time(22), dt.time(7, 30))
    notifier = Notifier(configured_channels())
    warn("disk", now=NIGHT)
    warn("sender", now=NIGHT, severity=Alert.Severity.CRITICAL)

    assert notifier.tell_pending(now=NIGHT) == NotifyReport(told=1)
    assert subjects(mailbox) == ["Crítica: Aviso sender"]
    assert notifier.tell_pending(now=MORNING - dt.timedelta(minutes=31)) == NotifyReport()
    assert notifier.tell_pending(now=MORNING) == NotifyReport(told=1)
    assert subjects(mailbox) == ["Advertencia: Aviso disk"]


def test_what_turns_critical_at_night_does_not_wait(mailbox: list[mail.EmailMessage], settings: Settings) -> None:
    settings.ALERT_QUIET_HOURS = (dt.time(22), dt.time(7, 30))
    notifier = Notifier(configured_channels())
    warn("disk", now=NIGHT)
    notifier.tell_pending(now=NIGHT)

    warn("disk", now=NIGHT, severity=Alert.Severity.CRITICAL)

    assert notifier.tell_pending(now=NIGHT) == NotifyReport(told=1)


@pytest.mark.parametrize(
    ("quiet", "at", "is_quiet"),
    [
        ((22, 7), 21, False),
        ((22, 7), 22, True),
        ((22, 7), 3, True),
        ((22, 7), 7, False),
        ((12, 15), 11, False),
        ((12, 15), 12, True),
        ((12, 15), 15, False),
    ],
)
def test_quiet_hours_are_of_the_projects_zone(
    settings: Settings, quiet: tuple[int, int], at: int, is_quiet: bool
) -> None:
    settings.ALERT_QUIET_HOURS = (dt.time(quiet[0]), dt.time(quiet[1]))
    moment = dt.datetime(2026, 2, 7, at, 0, tzinfo=timezone.get_default_timezone())

    assert notices.is_quiet(moment) is is_quiet


def test_a_heap_is_one_message_and_each_alert_counts_as_told(
    mailbox: list[mail.EmailMessage], receiver: Receiver
) -> None:
    for number in range(9):
        warn(f"line {number}", now=NOON, severity=Alert.Severity.CRITICAL if number == 4 else Alert.Severity.WARNING)

    assert Notifier(configured_channels()).tell_pending(now=NOON) == NotifyReport(told=9)

    (message,) = mailbox
    assert message.subject == "[LeadMaster] Crítica: 9 avisos a la vez"
    assert message.body.count("- Advertencia: Aviso line") == 8
    ((_headers, body),) = receiver.requests
    assert json.loads(body)["event"] == "summary"
    assert Alert.objects.filter(open_notified_at=NOON).count() == 9


def test_a_heap_that_failed_is_told_later(receiver: Receiver) -> None:
    for number in range(9):
        warn(f"line {number}", now=NOON)
    notifier = Notifier(configured_channels())
    receiver.status = 500

    assert notifier.tell_pending(now=NOON) == NotifyReport(failed=9)
    assert Alert.objects.filter(open_notified_at__isnull=True).exclude(notify_error="").count() == 9
    receiver.status = 200
    assert notifier.tell_pending(now=after(60)) == NotifyReport(told=9)


def test_a_storm_of_an_hour_is_gathered(mailbox: list[mail.EmailMessage]) -> None:
    """One new alert every twenty seconds, for an hour."""
    notifier = Notifier(configured_channels())
    for number in range(180):
        warn(f"thing {number}", now=after(20 * number))
        notifier.tell_pending(now=after(20 * number))

    # Twenty one by one within seven minutes, then one message each ten.
    assert len(mailbox) == 25
    assert sum("avisos a la vez" in message.subject for message in mailbox) == 5
    notifier.tell_pending(now=hours(2))
    assert not Alert.objects.filter(open_notified_at__isnull=True).exists()
