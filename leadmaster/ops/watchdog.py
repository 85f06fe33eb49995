"""The watchdog looks from outside, in a process of its own, because a dead sender can't say that it is dead.

Each pass: check → raise or resolve alerts → tell people what is pending. It outlives a database outage, and tells of
that too, from memory, since no alert can be written then.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from django.db import Error, close_old_connections
from django.utils.translation import gettext as _

from leadmaster.lib.clock import database_now
from leadmaster.ops import health, heartbeat
from leadmaster.ops.alerts import CheckResult, apply_results
from leadmaster.ops.models import Alert
from leadmaster.ops.notices import Event, Notice
from leadmaster.ops.notify import Notifier

logger = logging.getLogger(__name__)

WATCHDOG = "watchdog"
# A restart of the server is no outage.
_OUTAGE_AFTER = dt.timedelta(seconds=60)


Check: TypeAlias = Callable[[dt.datetime], Sequence[CheckResult]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassReport:
    """One look at everything: the keys of all open alerts, whoever raised them, and of those that this look opened and
    resolved. `error` is empty unless the database could not be reached."""

    at: dt.datetime
    troubles: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    told: int = 0
    untold: int = 0
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.troubles and not self.error


def check_tick(*, watching_since: dt.datetime | None) -> Check:
    """Check the sender by the age of its heartbeat.

    `watching_since` gives a system that was just started its first minutes; None checks at once.
    """

    def check(now: dt.datetime) -> Sequence[CheckResult]:
        age = heartbeat.age(health.TICK, now=now)
        silence = now - watching_since if watching_since else None
        known = [value for value in (age, silence) if value is not None]
        if known and min(known) <= health.LATE_AFTER:
            return [CheckResult(key="tick_late")]
        return [
            CheckResult(
                key="tick_late",
                title=_("El envío automático no da señales de vida"),
                body=_(
                    "El minutero de envíos no corre desde hace %(minutes)s minutos, así que ningún mensaje sale. "
                    "Revisa que el proceso «qcluster» esté en marcha y que sus tareas programadas existan "
                    "(manage.py ensure_schedules)."
                )
                % {"minutes": "?" if age is None else int(age.total_seconds() // 60)},
            )
        ]

    return check


class Watchdog:
    def __init__(self, checks: Sequence[Check], *, notifier: Notifier) -> None:
        self._checks = list(checks)
        self._notifier = notifier
        self._outage_since: dt.datetime | None = None

    def look(self, *, wall_clock: dt.datetime) -> PassReport:
        """One pass. `wall_clock` is this machine's time, for when the database can't be asked for its own."""
        try:
            # A connection that an outage broke is let go here, so that the pass after it starts with a fresh one.
            close_old_connections()
            report = self._check_and_tell(database_now())
        except Error as error:
            logger.error("the database does not answer: %s", error)  # noqa: TRY400 (a traceback each pass says no more)
            self._outage_since = self._outage_since or wall_clock
            self._tell_outage(wall_clock, since=self._outage_since)
            return PassReport(at=wall_clock, error=type(error).__name__)
        if self._outage_since:
            self._tell_recovery(wall_clock, since=self._outage_since)
            self._outage_since = None
        return report

    def _check_and_tell(self, now: dt.datetime) -> PassReport:
        applied = apply_results(self._results(now), now=now)
        notices = self._notifier.tell_pending(now=now)
        heartbeat.beat(WATCHDOG, now=now)
        return PassReport(
            at=now,
            troubles=tuple(Alert.objects.filter(resolved_at__isnull=True).order_by("id").values_list("key", flat=True)),
            opened=applied.opened,
            resolved=applied.resolved,
            told=notices.told,
            untold=notices.failed,
        )

    def _results(self, now: dt.datetime) -> Sequence[CheckResult]:
        results: list[CheckResult] = []
        for check in self._checks:
            try:
                results.extend(check(now))
            except Error:
                raise
            except Exception:
                # One check's bug must not silence the others.
                logger.exception("a check of the watchdog failed")
        return results

    def _tell_outage(self, wall_clock: dt.datetime, *, since: dt.datetime) -> None:
        if wall_clock - since >= _OUTAGE_AFTER:
            self._notifier.tell(_outage_notice(Event.OPENED, since=since), now=wall_clock)

    def _tell_recovery(self, wall_clock: dt.datetime, *, since: dt.datetime) -> None:
        if wall_clock - since >= _OUTAGE_AFTER:
            self._notifier.tell(_outage_notice(Event.RESOLVED, since=since, until=wall_clock), now=wall_clock)


def _outage_notice(event: Event, *, since: dt.datetime, until: dt.datetime | None = None) -> Notice:
    return Notice(
        id=f"database-{since.isoformat()}-{event}",
        event=event,
        key="database_down",
        severity=Alert.Severity.CRITICAL,
        title=_("La base de datos no responde"),
        body=_("Ningún mensaje sale y nadie puede entrar mientras la base de datos no responda."),
        count=1,
        opened_at=since,
        resolved_at=until,
    )
