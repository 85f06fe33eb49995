"""Periodic tasks whose next run lies further ahead than their own interval: a clock that was wrong put them off.

The model is looked up by name: only task modules know django-q2.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.apps import apps
from django.db.models import Manager

# The alarm clock looks every half minute, and no two machines agree to the second.
_SLACK = dt.timedelta(minutes=2)


def pull_back(now: dt.datetime) -> list[dt.datetime]:
    """Set what waits too long to run now; returns the times until which it would have waited. One query when all is well."""
    schedules: Manager[Any] = apps.get_model("django_q", "Schedule")._default_manager
    every_so_often = schedules.filter(minutes__isnull=False, next_run__gt=now + _SLACK).order_by("id")
    ahead = [
        (row.pk, row.next_run)
        for row in every_so_often
        if row.next_run > now + dt.timedelta(minutes=row.minutes) + _SLACK
    ]
    # Guarded: the alarm clock may have moved it meanwhile.
    return [until for pk, until in ahead if schedules.filter(pk=pk, next_run=until).update(next_run=now)]
