"""Telling people: mail to ALERT_EMAILS and a signed POST to ALERT_WEBHOOK_URL.

Each opening, each reminder and each resolution of an alert is told at least once (`leadmaster.ops.notices` says which). What was told is written on the alert only after
every channel took it; a failure is recorded there and tried again, each channel at its own growing distance. Which
channel already took a notice is remembered in this process, so one broken channel does not make the other repeat
itself; after a restart it may, and the notice's `id` lets the receiver see that.

Nothing here runs inside a transaction.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import logging
import smtplib
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import requests
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from leadmaster.ops.models import Alert
from leadmaster.ops.notices import Notice, Pending, heading, pending, summary

logger = logging.getLogger(__name__)

SIGNATURE_HEADER = "X-LeadMaster-Signature"
_TIMEOUT_SECONDS = 10
_FIRST_RETRY = dt.timedelta(seconds=20)
_LONGEST_RETRY = dt.timedelta(minutes=10)
# More than so many at once are told in one message.
_AT_ONCE = 5
# From so many messages in an hour on, what comes is gathered for so long, and told in one.
_AN_HOUR = 20
_GATHERED = dt.timedelta(minutes=10)


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
    return f"[LeadMaster] {heading(notice)}"


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
        # When messages left in the last hour.
        self._told_at: deque[dt.datetime] = deque()

    def tell_pending(self, *, now: dt.datetime) -> NotifyReport:
        """Everything that nobody was told of yet, oldest first; what comes in heaps, together."""
        if not self._channels:
            return NotifyReport()
        waiting = pending(now)
        while self._told_at and now - self._told_at[0] > dt.timedelta(hours=1):
            self._told_at.popleft()
        stormy = len(self._told_at) >= _AN_HOUR
        if stormy and now - self._told_at[-1] < _GATHERED:
            return NotifyReport()
        if len(waiting) > _AT_ONCE or (stormy and waiting):
            return self._tell_together(waiting, now=now)
        told = [self._tell_one(one.notice, [one], now=now) for one in waiting]
        return NotifyReport(told=sum(told), failed=len(told) - sum(told))

    def _tell_together(self, waiting: Sequence[Pending], *, now: dt.datetime) -> NotifyReport:
        with translation.override(settings.LANGUAGE_CODE):
            together = summary(waiting)
        told = self._tell_one(together, waiting, now=now)
        return NotifyReport(told=len(waiting)) if told else NotifyReport(failed=len(waiting))

    def _tell_one(self, notice: Notice, about: Sequence[Pending], *, now: dt.datetime) -> bool:
        """One message; on each alert that it is about stands then that it was told, or why not."""
        error = self.tell(notice, now=now)
        for one in about:
            told = {one.stamp: now, "notify_error": ""} if not error else {"notify_error": error[:300]}
            Alert.objects.filter(pk=one.alert.pk).update(**told)
        if error:
            return False
        self._told_at.append(now)
        self._taken = {taken for taken in self._taken if taken[0] != notice.id}
        return True

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
