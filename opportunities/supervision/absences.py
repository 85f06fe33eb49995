"""Promoters on leave: announced and called off. They receive nothing; their clocks stand still, or their work goes back
to the pool (`timers.absence_clocks`).
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from opportunities.capacity import quota
from opportunities.enums import AbsencePolicy
from opportunities.errors import Incomplete, NotAllowed, WrongState
from opportunities.models import Absence, Promoter
from opportunities.policy import may_supervise
from opportunities.timers import absence_clocks

_DAY = dt.timedelta(days=1)


def announce(
    promoter: Promoter,
    *,
    starts_on: dt.date,
    ends_on: dt.date,
    policy: AbsencePolicy,
    by: User,
    now: dt.datetime,
) -> Absence:
    """Write an absence down; it takes effect when its first day comes, and never before it was written down.

    Raises NotAllowed, Incomplete (dates in the wrong order) or WrongState (overlap, or over already).
    """
    require_allowed(by, promoter)
    if ends_on < starts_on:
        raise Incomplete(_("La ausencia termina antes de empezar: revisa las fechas."))
    if ends_on < promoter.desk.date_at(now):
        raise WrongState(_("Esos días ya pasaron."))
    return retrying(lambda: _announce(promoter, starts_on, ends_on, policy, by=by, now=now))


@transaction.atomic(durable=True)
def _announce(
    promoter: Promoter, starts_on: dt.date, ends_on: dt.date, policy: AbsencePolicy, *, by: User, now: dt.datetime
) -> Absence:
    Promoter.objects.select_for_update().get(pk=promoter.pk)
    others = Absence.objects.filter(promoter=promoter, ended_at__isnull=True)
    if others.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).exists():
        raise WrongState(_("Ya hay una ausencia cargada en esos días."))
    return Absence.objects.create(
        promoter=promoter, starts_on=starts_on, ends_on=ends_on, policy=policy, created_by=by, created_at=now
    )


def call_off(absence: Absence, *, by: User, now: dt.datetime) -> None:
    """The promoter is back, or never leaves: clocks go on from `now`. What went to the pool stays there.

    Raises NotAllowed, or WrongState for one that is over.
    """
    require_allowed(by, absence.promoter)
    quota.ensure(absence.promoter, absence.promoter.desk.day_at(now))
    if not absence_clocks.end(absence, now=now, since=now):
        raise WrongState(_("Esta ausencia ya terminó."))


def require_allowed(user: User, promoter: Promoter) -> None:
    """Raise NotAllowed unless this person supervises the promoter's desk."""
    if not may_supervise(user, promoter.desk.team_id):
        raise NotAllowed(_("No tienes permiso para cargar ausencias de este equipo."))
