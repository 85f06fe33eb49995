"""What the desk adds to the installation's health: the cron of its timers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _

from leadmaster.ops import health, heartbeat
from leadmaster.ops.alerts import CheckResult
from leadmaster.ops.health import Finding, Probe
from leadmaster.ops.watchdog import Check
from opportunities.models import Opportunity, Retiming
from opportunities.tasks import HEARTBEAT
from opportunities.timers import recalculation


def timers(now: dt.datetime) -> Finding:
    """The cron's heartbeat. Before the first beat ever there is nothing to be late."""
    age = heartbeat.age(HEARTBEAT, now=now)
    if age is None:
        return Finding(name="timers", ok=True, detail={"age_seconds": None})
    return Finding(name="timers", ok=age <= health.LATE_AFTER, detail={"age_seconds": round(age.total_seconds(), 1)})


PROBES: tuple[Probe, ...] = (timers,)


def check_timers(*, watching_since: dt.datetime | None) -> Check:
    """Check the cron by the age of its heartbeat: one that fails each time does not beat either.

    `watching_since` gives a system that was just started its first minutes; None checks at once.
    """

    def check(now: dt.datetime) -> Sequence[CheckResult]:
        age = heartbeat.age(HEARTBEAT, now=now)
        silence = now - watching_since if watching_since else None
        known = [value for value in (age, silence) if value is not None]
        if known and min(known) <= health.LATE_AFTER:
            return [CheckResult(key="timers_late")]
        return [
            CheckResult(
                key="timers_late",
                title=_("Los plazos de las oportunidades no corren"),
                body=_(
                    "La tarea de los plazos no corre desde hace %(minutes)s minutos: %(overdue)s oportunidades "
                    "vencidas esperan volver al pool. Revisa que el proceso «qcluster» esté en marcha y que sus "
                    "tareas programadas existan (manage.py ensure_schedules)."
                )
                % {
                    "minutes": "?" if age is None else int(age.total_seconds() // 60),
                    "overdue": Opportunity.objects.overdue(now).count(),
                },
            )
        ]

    return check


def check_recalculation(now: dt.datetime) -> Sequence[CheckResult]:
    """A change of hours whose clocks have stopped following it. Nobody expires by the old ones, but nobody sees the new."""
    unfinished = Retiming.objects.filter(finished_at__isnull=True)
    stuck = list(unfinished.filter(alive_at__lt=now - health.LATE_AFTER).order_by("id"))
    if not stuck:
        return [CheckResult(key="retiming_stuck")]
    return [
        CheckResult(
            key="retiming_stuck",
            title=_("Un cambio de horario no termina de mover los plazos"),
            body=_(
                "Desde hace %(minutes)s minutos no avanza: %(waiting)s plazos muestran todavía el horario anterior. Nadie "
                "pierde nada por eso, pero la mesa ve fechas viejas. Revisa que el proceso «qcluster» esté en marcha y que "
                "sus tareas programadas existan (manage.py ensure_schedules)."
            )
            % {
                "minutes": int((now - min(one.alive_at for one in stuck)).total_seconds() // 60),
                "waiting": sum(recalculation.waiting_of(one) for one in stuck),
            },
        )
    ]


def checks(*, watching_since: dt.datetime | None) -> list[Check]:
    return [check_timers(watching_since=watching_since), check_recalculation]
