"""Who is there to receive work."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from opportunities.models import Absence, Promoter


def is_absent(promoter: Promoter, day: dt.date) -> bool:
    return Absence.objects.filter(absent_on(day), promoter=promoter).exists()


def absent_on(day: dt.date) -> Q:
    """Absences that keep their promoter away on this day."""
    return Q(starts_on__lte=day, ends_on__gte=day, ended_at__isnull=True)
