"""Calls for help: one open alert per trouble, however often it is seen.

`raise_alert` and `resolve_alert` only write rows, so they may run inside anybody's transaction; telling people is
`leadmaster.ops.notify`'s, later and outside. Titles and bodies carry no personal data: they leave by mail.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from leadmaster.ops.models import Alert

_TITLE_LENGTH = 200
# The same trouble back within this time, before anybody was told that it had ended, is the same alert.
_REOPENS = dt.timedelta(minutes=10)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found about one thing that can be in trouble. Without a title it is well."""

    key: str
    title: str = ""
    body: str = ""
    severity: str = Alert.Severity.CRITICAL

    @property
    def ok(self) -> bool:
        return not self.title


@dataclasses.dataclass(frozen=True, kw_only=True)
class Applied:
    """The keys of the alerts that were opened and resolved."""

    opened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()


def apply_results(results: Sequence[CheckResult], *, now: dt.datetime) -> Applied:
    """Open an alert for each trouble, and resolve those of what is well."""
    opened = [one.key for one in results if not one.ok and _tell(one, now)]
    resolved = [one.key for one in results if one.ok and resolve_alert(one.key, now=now)]
    return Applied(opened=tuple(opened), resolved=tuple(resolved))


def _tell(trouble: CheckResult, now: dt.datetime) -> bool:
    """True when this opened the alert; what a check sees come and go within minutes is one alert."""
    words: dict[str, str] = {"title": trouble.title, "body": trouble.body, "severity": trouble.severity}
    return _reopen(trouble.key, now=now, **words) or raise_alert(trouble.key, now=now, **words)


def open_keys(*prefixes: str) -> list[str]:
    """The keys of open alerts of these families. One query."""
    keys = Alert.objects.filter(open_key__isnull=False).order_by("id").values_list("key", flat=True)
    return [key for key in keys if key.startswith(prefixes)]


def raise_alert(key: str, *, title: str, body: str = "", severity: str, now: dt.datetime) -> bool:
    """Open an alert under `key`, or count once more on the one that is open. True when this call opened it.

    Safe against the same trouble seen by several processes at once: the database keeps one open alert per key.
    """
    if _count_again(key, title=title, body=body, severity=severity, now=now):
        return False
    try:
        with transaction.atomic():
            Alert.objects.create(
                key=key,
                open_key=key,
                severity=severity,
                title=title[:_TITLE_LENGTH],
                body=body,
                opened_at=now,
                last_seen_at=now,
            )
    except IntegrityError:
        # Another process opened it between the two statements.
        _count_again(key, title=title, body=body, severity=severity, now=now)
        return False
    return True


def _count_again(key: str, *, title: str, body: str, severity: str, now: dt.datetime) -> bool:
    # The words of the last sighting stay: an alert that grew from a warning to critical says so.
    changed = Alert.objects.filter(open_key=key).update(
        count=F("count") + 1,
        last_seen_at=Greatest(F("last_seen_at"), now),
        title=title[:_TITLE_LENGTH],
        body=body,
        severity=severity,
    )
    return bool(changed)


def _reopen(key: str, *, title: str, body: str, severity: str, now: dt.datetime) -> bool:
    """Whether the last alert goes on: it does unless it is open, a person ended it, or its end was told."""
    last = Alert.objects.filter(key=key).order_by("-id").first()
    if last is None or last.resolved_at is None or last.resolved_by_id or now - last.resolved_at >= _REOPENS:
        return False
    gone_on = Alert.objects.filter(pk=last.pk, resolved_at=last.resolved_at, resolve_notified_at__isnull=True)
    try:
        with transaction.atomic():
            changed = gone_on.update(
                open_key=key,
                resolved_at=None,
                count=F("count") + 1,
                last_seen_at=now,
                title=title[:_TITLE_LENGTH],
                body=body,
                severity=severity,
            )
    except IntegrityError:
        return False
    return bool(changed)


def resolve_alert(key: str, *, now: dt.datetime, by: AbstractBaseUser | None = None) -> bool:
    """Close the open alert of `key`; `by` is the person who did, None when the trouble went away by itself.

    False when none is open, so that callers may say "all is well" as often as they like.
    """
    changed = Alert.objects.filter(open_key=key).update(open_key=None, resolved_at=now, resolved_by=by)
    return bool(changed)
