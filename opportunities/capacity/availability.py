"""Who is there to receive work."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from opportunities.enums import AbsencePolicy
from opportunities.models import Absence, Promoter

# Promoters to whom work is given at all.
RECEIVES = Q(available=True, user__is_active=True)


def is_absent(promoter: Promoter, day: dt.date) -> bool:
    return Absence.objects.filter(absent_on(day), promoter=promoter).exists()


def absent_on(day: dt.date) -> Q:
    """Absences that keep their promoter away on this day."""
    return Q(starts_on__lte=day, ends_on__gte=day, ended_at__isnull=True)


def is_there(promoter: Promoter, day: dt.date) -> bool:
    """Whether they work on this day at all. Asked of the database: people leave while others decide."""
    return Promoter.objects.filter(pk=promoter.pk, user__is_active=True).exists() and not is_absent(promoter, day)


def receives(promoter: Promoter, day: dt.date) -> bool:
    """Whether work may be given to them now, quota and what they have in hand apart."""
    return Promoter.objects.filter(RECEIVES, pk=promoter.pk).exists() and not is_absent(promoter, day)


def gave_work_away(owner: Promoter, since: dt.datetime) -> bool:
    """Whether an absence has taken all of their work to the pool after `since`: what comes back would have gone too."""
    away = Absence.objects.filter(promoter=owner, policy=AbsencePolicy.REDISTRIBUTE, ended_at__isnull=True)
    return away.filter(begun_at__gt=since).exists()
