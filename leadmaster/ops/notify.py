"""Telling people: mail to ALERT_EMAILS and a signed POST to ALERT_WEBHOOK_URL.

Each opening and each resolution of an alert is told at least once. What was told is written on the alert only after
every channel took it; a failure is recorded there and tried again, each channel at its own growing distance. Which
channel already took a notice is remembered in this process, so one broken channel does not make the other repeat
itself; after a restart it may, and the notice's `id` lets the receiver see that.

Nothing here runs inside a transaction.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import hashlib
import hmac
import json
import logging
import smtplib
from collections.abc import Iterator, Sequence
from typing import Protocol

import requests
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from leadmaster.ops.models import Alert

logger = logging.getLogger(__name__)

SIGNATURE_HEADER = "X-LeadMaster-Signature"
_TIMEOUT_SECONDS = 10
_BATCH = 50
_FIRST_RETRY = dt.timedelta(seconds=20)
_LONGEST_RETRY = dt.timedelta(minutes=10)
# The end of a trouble is told when it has lasted: what flaps is told once.
_CALM = dt.timedelta(minutes=2)
# A channel that is configured today isn't told last month's news.
_OLD_NEWS = dt.timedelta(days=1)


class Event(enum.StrEnum):
    OPENED = "opened"
    RESOLVED = "resolved"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Notice:
    """What is told, free of the database. `id` is the same each time the same thing is told again."""

    id: str
    event: Event
    key: str
    severity: str
    title: str
    body: str
    count: int
    opened_at: dt.datetime
    resolved_at: dt.datetime | None

    @classmethod
    def of(cls, alert: Alert, event: Event) -> Notice:
        return cls(
            id=f"alert-{alert.pk}-{event}",
            event=event,
            key=alert.key,
            severity=alert.severity,
            title=alert.title,
            body=alert.body,
            count=alert.count,
            opened_at=alert.opened_at,
            resolved_at=alert.resolved_at if event is Event.RESOLVED else None,
        )


class DeliveryError(Exception):
    """A channel did not take a notice. The text is short and names no person."""


class Channel(Protocol):
    name: str

    def deliver(self, notice: Notice) -> None:
        """Hand the notice over. Raises DeliveryError."""


class Mail:
    name = "mail"

    def __init__(self, recipients: Sequence[str]) -> None:
        self._recipients = list(recipients)

    def deliver(self, notice: Notice) -> None:
        with translation.override(settings.LANGUAGE_CODE):
            message = EmailMessage(
                subject=_subject(notice),
                body=_text(notice),
                to=self._recipients,
                headers={"X-LeadMaster-Notice": notice.id},
                connection=get_connection(timeout=_TIMEOUT_SECONDS),
            )
        try:
            message.send()
        except (OSError, smtplib.SMTPException) as error:
            # The server's answer may repeat an address: only its kind is kept.
            raise DeliveryError(type(error).__name__) from error


class Webhook:
    name = "webhook"

    def __init__(self, url: str, *, secret: str) -> None:
        self._url = url
        self._secret = secret

    def deliver(self, notice: Notice) -> None:
        content = json.dumps(dataclasses.asdict(notice), default=str, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(content, secret=self._secret),
        }
        try:
            response = requests.post(
                self._url, data=content, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise DeliveryError(type(error).__name__) from error
        if not 200 <= response.status_code < 300:
            raise DeliveryError(f"HTTP {response.status_code}")


def sign(content: bytes, *, secret: str) -> str:
    """`sha256=` and the HMAC-SHA256 of the raw body in hex, the same shape that our own callbacks arrive with."""
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _subject(notice: Notice) -> str:
    prefix = _("Resuelta") if notice.event is Event.RESOLVED else Alert.Severity(notice.severity).label
    return f"[LeadMaster] {prefix}: {notice.title}".replace("\n", " ")


def _text(notice: Notice) -> str:
    lines = [notice.title, "", notice.body, ""] if notice.body else [notice.title, ""]
    lines.append(_("Desde: %(time)s") % {"time": _local(notice.opened_at)})
    if notice.resolved_at is not None:
        lines.append(_("Resuelta: %(time)s") % {"time": _local(notice.resolved_at)})
    lines.append(_("Veces: %(count)s") % {"count": notice.count})
    return "\n".join(lines) + "\n"


def _local(moment: dt.datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT") + f" ({settings.TIME_ZONE})"


def configured_channels() -> list[Channel]:
    channels: list[Channel] = []
    if settings.ALERT_EMAILS:
        channels.append(Mail(settings.ALERT_EMAILS))
    if settings.ALERT_WEBHOOK_URL:
        channels.append(Webhook(settings.ALERT_WEBHOOK_URL, secret=settings.ALERT_WEBHOOK_SECRET))
    return channels


@dataclasses.dataclass(frozen=True, kw_only=True)
class NotifyReport:
    told: int = 0
    failed: int = 0


class Notifier:
    """Tells what is pending, pass after pass, and remembers which channel took what and which one is resting."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = list(channels)
        self._taken: set[tuple[str, str]] = set()
        self._failures: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self._rests_until: dict[str, dt.datetime] = {}

    def tell_pending(self, *, now: dt.datetime) -> NotifyReport:
        """Everything that nobody was told of yet, oldest first."""
        if not self._channels:
            return NotifyReport()
        told = failed = 0
        for alert, event in _pending(now):
            error = self.tell(Notice.of(alert, event), now=now)
            if error:
                failed += 1
                Alert.objects.filter(pk=alert.pk).update(notify_error=error[:300])
                continue
            told += 1
            stamp = "open_notified_at" if event is Event.OPENED else "resolve_notified_at"
            Alert.objects.filter(pk=alert.pk).update(**{stamp: now, "notify_error": ""})
            self._taken = {taken for taken in self._taken if taken[0] != f"alert-{alert.pk}-{event}"}
        return NotifyReport(told=told, failed=failed)

    def tell(self, notice: Notice, *, now: dt.datetime) -> str:
        """Offer one notice to every channel that has not taken it. Empty when all have, else what is in the way."""
        problems = []
        for channel in self._channels:
            if (notice.id, channel.name) in self._taken:
                continue
            if now < self._rests_until.get(channel.name, now):
                problems.append(f"{channel.name}: {self._reasons[channel.name]}")
                continue
            try:
                channel.deliver(notice)
            except DeliveryError as error:
                logger.warning("alert %s was not told by %s: %s", notice.key, channel.name, error)
                self._rest(channel.name, reason=str(error), now=now)
                problems.append(f"{channel.name}: {error}")
            else:
                self._failures.pop(channel.name, None)
                self._taken.add((notice.id, channel.name))
        return "; ".join(problems)

    def _rest(self, channel: str, *, reason: str, now: dt.datetime) -> None:
        failures = self._failures.get(channel, 0)
        self._failures[channel] = failures + 1
        self._reasons[channel] = reason
        self._rests_until[channel] = now + min(_FIRST_RETRY * 2 ** min(failures, 10), _LONGEST_RETRY)


def _pending(now: dt.datetime) -> Iterator[tuple[Alert, Event]]:
    """An alert that came and went before anybody was told is told as both, in that order."""
    recent = Q(resolved_at__isnull=True) | Q(resolved_at__gte=now - _OLD_NEWS)
    untold = Q(open_notified_at__isnull=True) | Q(resolved_at__isnull=False, resolve_notified_at__isnull=True)
    for alert in Alert.objects.filter(recent, untold).order_by("id")[:_BATCH]:
        if alert.open_notified_at is None:
            yield alert, Event.OPENED
        if alert.resolved_at is not None and (alert.resolved_by_id or now - alert.resolved_at >= _CALM):
            yield alert, Event.RESOLVED
