"""Is this installation well? Small probes that each answer in words a program and a person can read.

`/healthz` asks all of them and is for whoever watches; `/readyz` asks only whether this web process can serve, so a
load balancer does not take healthy nodes out because a gateway is down. The apps above bring their own probes: the
project's urls.py composes them, so nothing here imports up.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from django.apps import apps
from django.db import Error, connection
from django.db.models import Count, Min

from leadmaster.ops import heartbeat

# The tick beats once a minute and the alarm clock looks every 30 s. Two and a half minutes of silence is a fault,
# and whoever looks every 20 s still tells it within three.
LATE_AFTER = dt.timedelta(seconds=150)
TICK = "tick"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One answer. `detail` holds plain JSON values and no personal data: the address is open to everybody."""

    name: str
    ok: bool
    detail: Mapping[str, Any] = dataclasses.field(default_factory=dict)


Probe: TypeAlias = Callable[[dt.datetime], Finding]


@dataclasses.dataclass(frozen=True, kw_only=True)
class HealthReport:
    at: dt.datetime
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "at": self.at.isoformat(),
            "checks": {finding.name: {"ok": finding.ok, **finding.detail} for finding in self.findings},
        }


def examine(probes: Iterable[Probe], *, now: dt.datetime) -> HealthReport:
    """Ask each probe. Without a database the others have nothing to say, so only that is reported."""
    reached = database(now)
    if not reached.ok:
        return HealthReport(at=now, findings=(reached,))
    return HealthReport(at=now, findings=(reached, *(probe(now) for probe in probes)))


def database(now: dt.datetime) -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except Error as error:
        # The driver's text names hosts and users; its kind is enough for who has no log at hand.
        return Finding(name="database", ok=False, detail={"vendor": connection.vendor, "error": type(error).__name__})
    return Finding(name="database", ok=True, detail={"vendor": connection.vendor})


def tick(now: dt.datetime) -> Finding:
    """The sender's heartbeat. Before the first beat ever there is nothing to be late."""
    age = heartbeat.age(TICK, now=now)
    if age is None:
        return Finding(name="tick", ok=True, detail={"age_seconds": None})
    return Finding(name="tick", ok=age <= LATE_AFTER, detail={"age_seconds": round(age.total_seconds(), 1)})


def queue(now: dt.datetime) -> Finding:
    """Tasks that nobody took. The model is looked up by name: only task modules know django-q2."""
    waiting = (
        apps.get_model("django_q", "OrmQ")
        ._default_manager.filter(lock__lte=now)
        .aggregate(tasks=Count("pk"), oldest=Min("lock"))
    )
    seconds = (now - waiting["oldest"]).total_seconds() if waiting["oldest"] else 0.0
    return Finding(
        name="queue",
        ok=seconds <= LATE_AFTER.total_seconds(),
        detail={"waiting": waiting["tasks"], "oldest_seconds": round(seconds, 1)},
    )
