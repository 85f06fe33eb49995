"""What the sender adds to the installation's health: its heartbeat, its queue, its gateways."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from django.utils.translation import gettext as _

from campaigns.brakes import canary, error_rate, opt_outs, template
from campaigns.engine import journal_trouble
from campaigns.models import Campaign
from leadmaster.ops import health, heartbeat, schedules
from leadmaster.ops.alerts import CheckResult, open_keys
from leadmaster.ops.health import Finding, Probe
from leadmaster.ops.models import Alert
from leadmaster.ops.watchdog import Check, check_tick
from whatsapp import sessions
from whatsapp.health import HEARTBEAT, check_lines
from whatsapp.models import State, WhatsAppSession

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


def journal(now: dt.datetime) -> Finding:
    """A machine that can't use its journal sends nothing."""
    stopped = journal_trouble.machines()
    return Finding(name="journal", ok=not stopped, detail={"machines_stopped": stopped})


def check_schedules(now: dt.datetime) -> Sequence[CheckResult]:
    """Tasks that a machine with a wrong clock put off are put right, and told: nothing ran until then."""
    late = schedules.pull_back(now)
    if not late:
        return [CheckResult(key="schedules_ahead")]
    return [
        CheckResult(
            key="schedules_ahead",
            title=_("El reloj de una máquina anduvo adelantado"),
            body=_(
                "Las tareas periódicas esperaban hasta %(until)s y ya se pusieron en hora. Revisa la hora de cada "
                "máquina que corre el cluster (timedatectl)."
            )
            % {"until": f"{max(late):%Y-%m-%d %H:%M} UTC"},
            severity=Alert.Severity.WARNING,
        )
    ]


def check_brakes(now: dt.datetime) -> Sequence[CheckResult]:
    """First messages that don't arrive; and what other brakes told of a campaign ends with it. Two to four queries."""
    stuck = canary.check(now)
    still = {result.key for result in stuck}
    of_the_living = (error_rate.ALERT, template.ALERT, opt_outs.ALERT)
    told = open_keys(canary.ALERT, *of_the_living)
    if any(key.startswith(of_the_living) for key in told):
        alive = list(Campaign.objects.alive().values_list("pk", flat=True))
        still |= {f"{prefix}{pk}" for pk in alive for prefix in of_the_living}
    return [*stuck, *(CheckResult(key=key) for key in told if key not in still)]


PROBES: tuple[Probe, ...] = (health.tick, health.queue, gateways, journal)


def ask_gateways_when_nobody_does(now: dt.datetime) -> Sequence[CheckResult]:
    """With the cluster dead the screens would show yesterday's states: then the watchdog asks. Sessions raise and
    resolve their own alerts."""
    age = heartbeat.age(HEARTBEAT, now=now)
    if age is None or age > _ASK_OURSELVES_AFTER:
        sessions.refresh_all(now)
    return []


def checks(*, watching_since: dt.datetime | None) -> list[Check]:
    # Whoever looks once wants to know what is wrong now; whoever stays waits whether it passes.
    look_at_lines = partial(check_lines, grace=dt.timedelta(0)) if watching_since is None else check_lines
    return [
        check_tick(watching_since=watching_since),
        check_schedules,
        check_brakes,
        ask_gateways_when_nobody_does,
        look_at_lines,
    ]
