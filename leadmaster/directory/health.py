"""What the directory adds to the installation's health: whether it still follows the client base."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from leadmaster.ops import heartbeat
from leadmaster.ops.alerts import CheckResult
from leadmaster.ops.health import Finding, Probe
from leadmaster.ops.models import Alert
from leadmaster.ops.watchdog import Check

HEARTBEAT: Final = "directory"
FAILED: Final = "directory_sync_failed"
_LATE: Final = "directory_late"
# A run may take its whole time and one may be missed.
_MISSED: Final = 3


def follows() -> bool:
    """Whether there is a client base to follow."""
    return bool(settings.CLIENTS_DATABASE_URL)


def late_after() -> dt.timedelta:
    return dt.timedelta(minutes=_MISSED * settings.CLIENTS_SYNC_MINUTES)


def directory(now: dt.datetime) -> Finding:
    """The synchronisation's heartbeat. Before the first beat ever there is nothing to be late."""
    age = heartbeat.age(HEARTBEAT, now=now) if follows() else None
    if age is None:
        return Finding(name="directory", ok=True, detail={"age_seconds": None})
    return Finding(name="directory", ok=age <= late_after(), detail={"age_seconds": round(age.total_seconds(), 1)})


PROBES: tuple[Probe, ...] = (directory,)


def check_sync(*, watching_since: dt.datetime | None) -> Check:
    """Check the synchronisation by the age of its heartbeat: one that fails each time does not beat either.

    `watching_since` gives a system that was just started its first runs; None checks at once.
    """

    def check(now: dt.datetime) -> Sequence[CheckResult]:
        age = heartbeat.age(HEARTBEAT, now=now)
        silence = now - watching_since if watching_since else None
        known = [value for value in (age, silence) if value is not None]
        if not follows():
            return [CheckResult(key=_LATE), CheckResult(key=FAILED)]
        if known and min(known) <= late_after():
            return [CheckResult(key=_LATE)]
        return [
            CheckResult(
                key=_LATE,
                title=_("El directorio no sigue a la base de clientes"),
                body=_(
                    "La sincronización no termina bien desde hace %(minutes)s minutos: los clientes nuevos no se "
                    "asignan y los que se dieron de baja siguen. Revisa CLIENTS_DATABASE_URL con manage.py "
                    "sync_clients, y que las tareas programadas existan (manage.py ensure_schedules)."
                )
                % {"minutes": "?" if age is None else int(age.total_seconds() // 60)},
                severity=Alert.Severity.WARNING,
            )
        ]

    return check


def checks(*, watching_since: dt.datetime | None) -> list[Check]:
    return [check_sync(watching_since=watching_since)]
