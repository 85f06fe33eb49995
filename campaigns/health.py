"""What the sender adds to the installation's health: its heartbeat, its queue, its gateways."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from leadmaster.ops import health, heartbeat
from leadmaster.ops.health import Finding, Probe
from leadmaster.ops.watchdog import Check, CheckResult, check_tick
from whatsapp import sessions
from whatsapp.models import State, WhatsAppSession

# The cluster asks the gateways every minute and beats under this name.
_SESSIONS = "sessions"
_ASK_OURSELVES_AFTER = dt.timedelta(seconds=100)


def gateways(now: dt.datetime) -> Finding:
    """Each session as last seen. A session that waits for its person is no fault of the installation; a gateway that
    does not answer is."""
    rows = list(
        WhatsAppSession.objects.order_by("id").values("id", "state", "last_seen_at", "unreachable_since", "paused_at")
    )
    return Finding(
        name="gateways",
        ok=not any(row["unreachable_since"] for row in rows),
        detail={
            "ready": sum(row["state"] == State.READY for row in rows),
            "sessions": [
                {key: value.isoformat() if isinstance(value, dt.datetime) else value for key, value in row.items()}
                for row in rows
            ],
        },
    )


PROBES: tuple[Probe, ...] = (health.tick, health.queue, gateways)


def ask_gateways_when_nobody_does(now: dt.datetime) -> Sequence[CheckResult]:
    """With the cluster dead the screens would show yesterday's states: then the watchdog asks. Sessions raise and
    resolve their own alerts."""
    age = heartbeat.age(_SESSIONS, now=now)
    if age is None or age > _ASK_OURSELVES_AFTER:
        sessions.refresh_all(now)
    return []


def checks(*, watching_since: dt.datetime | None) -> list[Check]:
    return [check_tick(watching_since=watching_since), ask_gateways_when_nobody_does]
