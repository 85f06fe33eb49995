"""What people have to be told now: an opening, a reminder that it is still open, the end; and when it had better wait.

Nobody is woken for what can wait until morning (ALERT_QUIET_HOURS), an alert that nobody resolves is told again after
ALERT_REMINDER_HOURS and then once a day, and what comes in heaps is told in one summary.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.ops.models import Alert

_BATCH = 50
# The end of a trouble is told when it has lasted: what flaps is told once.
_CALM = dt.timedelta(minutes=2)
# A channel that is configured today isn't told last month's news.
_OLD_NEWS = dt.timedelta(days=1)
_DAILY = dt.timedelta(days=1)
_BY_WEIGHT = (Alert.Severity.INFO, Alert.Severity.WARNING, Alert.Severity.CRITICAL)


class Event(enum.StrEnum):
    OPENED = "opened"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    # Several at once, in one message.
    SUMMARY = "summary"


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
        # A reminder is another one each time, and the same until it was told.
        nth = f"-{last_told(alert):%Y%m%d%H%M%S}" if event is Event.REMINDER else ""
        return cls(
            id=f"alert-{alert.pk}-{event}{nth}",
            event=event,
            key=alert.key,
            severity=alert.severity,
            title=alert.title,
            body=alert.body,
            count=alert.count,
            opened_at=alert.opened_at,
            resolved_at=alert.resolved_at if event is Event.RESOLVED else None,
        )


@dataclasses.dataclass(frozen=True)
class Pending:
    """One thing to tell of one alert, and the column that then says that it was told."""

    alert: Alert
    event: Event

    @property
    def stamp(self) -> str:
        return {
            Event.OPENED: "open_notified_at",
            Event.REMINDER: "reminded_at",
            Event.RESOLVED: "resolve_notified_at",
        }[self.event]

    @property
    def notice(self) -> Notice:
        return Notice.of(self.alert, self.event)


def pending(now: dt.datetime) -> list[Pending]:
    """Everything that is to be told now, oldest first: news, then reminders. Two queries at the most."""
    found = list(_news(now))
    if settings.ALERT_REMINDER_HOURS:
        found += [Pending(alert, Event.REMINDER) for alert in _unresolved(now)]
    if not is_quiet(now):
        return found
    return [one for one in found if one.alert.severity == Alert.Severity.CRITICAL]


def last_told(alert: Alert) -> dt.datetime:
    return alert.reminded_at or alert.open_notified_at or alert.opened_at


def is_quiet(now: dt.datetime) -> bool:
    """Whether it is an hour of the project's zone at which only what is critical is told."""
    if settings.ALERT_QUIET_HOURS is None:
        return False
    begins, ends = settings.ALERT_QUIET_HOURS
    at = timezone.localtime(now, timezone.get_default_timezone()).time()
    return begins <= at < ends if begins < ends else at >= begins or at < ends


def summary(several: Sequence[Pending]) -> Notice:
    """All of them in one. Its id is theirs together: with one more it is another summary."""
    worst = max((one.alert.severity for one in several), key=_BY_WEIGHT.index)
    first = several[0]
    return Notice(
        id=f"alerts-{first.notice.id}-{several[-1].notice.id}-{len(several)}",
        event=Event.SUMMARY,
        key="several",
        severity=worst,
        title=_("%(count)d avisos a la vez") % {"count": len(several)},
        body="\n".join(f"- {heading(one.notice)}" for one in several),
        count=len(several),
        opened_at=min(one.alert.opened_at for one in several),
        resolved_at=None,
    )


def heading(notice: Notice) -> str:
    """One line: what happened to it, and what it is."""
    if notice.event is Event.RESOLVED:
        prefix = _("Resuelta")
    elif notice.event is Event.REMINDER:
        prefix = _("Sigue abierta")
    else:
        prefix = str(Alert.Severity(notice.severity).label)
    return f"{prefix}: {notice.title}".replace("\n", " ")


def _news(now: dt.datetime) -> Iterator[Pending]:
    """An alert that came and went before anybody was told is told as both, in that order."""
    recent = Q(resolved_at__isnull=True) | Q(resolved_at__gte=now - _OLD_NEWS)
    untold = Q(open_notified_at__isnull=True) | Q(resolved_at__isnull=False, resolve_notified_at__isnull=True)
    for alert in Alert.objects.filter(recent, untold).order_by("id")[:_BATCH]:
        if alert.open_notified_at is None:
            yield Pending(alert, Event.OPENED)
        if alert.resolved_at is not None and (alert.resolved_by_id or now - alert.resolved_at >= _CALM):
            yield Pending(alert, Event.RESOLVED)


def _unresolved(now: dt.datetime) -> Iterator[Alert]:
    """Told, still open, and not told again for so long. What only informs asks nobody for anything."""
    first = dt.timedelta(hours=settings.ALERT_REMINDER_HOURS)
    never = Q(reminded_at__isnull=True, open_notified_at__lte=now - first)
    again = Q(reminded_at__lte=now - max(first, _DAILY))
    opened = Alert.objects.filter(resolved_at__isnull=True, open_notified_at__isnull=False)
    yield from opened.exclude(severity=Alert.Severity.INFO).filter(never | again).order_by("id")[:_BATCH]
