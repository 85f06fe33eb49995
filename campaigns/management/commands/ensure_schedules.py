"""`manage.py ensure_schedules`: owns the django-q2 schedules. Updates or creates by name, never deletes others'."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_q.models import Schedule

from leadmaster.lib.clock import database_now
from leadmaster.lib.commands import BaseCommand
from leadmaster.ops.schedules import pull_back

_EVERY_MINUTE = {
    "lookups": "campaigns.tasks.lookups",
    "imports": "campaigns.tasks.imports",
    "upkeep": "campaigns.tasks.upkeep",
    "sessions": "whatsapp.tasks.refresh_sessions",
    "line tests": "whatsapp.tasks.line_tests",
    "timers": "opportunities.tasks.expire_timers",
    "retiming": "opportunities.tasks.follow_hours",
    "devices": "opportunities.tasks.tell_devices",
    "reconciliation": "leadmaster.ops.tasks.reconcile",
}

# Every how many minutes, where it is not every minute.
_RARELY = {"retention": ("campaigns.tasks.retention", 24 * 60), "results": ("opportunities.tasks.sum_up", 10)}

# Only where there is a client base to follow.
_DIRECTORY = {
    "directory": "leadmaster.directory.tasks.sync_clients",
    "directory, everybody": "leadmaster.directory.tasks.sync_all_clients",
}


class Command(BaseCommand):
    help = gettext_lazy("Crea o actualiza las tareas periódicas del cluster.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help=_("informe en JSON"))

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        wanted = _wanted()
        report = {"created": 0, "updated": 0, "removed": 0}
        for name, (func, minutes) in wanted.items():
            every = {"func": func, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1}
            _schedule, created = Schedule.objects.update_or_create(
                name=name, defaults=every, create_defaults={**every, "next_run": timezone.now()}
            )
            report["created" if created else "updated"] += 1
        report["pulled_back"] = len(pull_back(database_now()))
        # What the settings no longer ask for: ours by name and function.
        surplus = Schedule.objects.filter(
            Q(name__startswith="tick ", func="campaigns.tasks.tick")
            | Q(name__in=_DIRECTORY, func__in=_DIRECTORY.values())
        ).exclude(name__in=wanted)
        report["removed"] = surplus.count()
        surplus.delete()
        ready = _("Tareas periódicas listas: %(names)s.") % {"names": ", ".join(wanted)}
        self.stdout.write(json.dumps(report) if options["json"] else ready)


def _wanted() -> dict[str, tuple[str, int]]:
    """By name: the function, and every how many minutes."""
    wanted = {name: (func, 1) for name, func in _EVERY_MINUTE.items()}
    wanted |= _RARELY
    # One schedule per slot; a tick finds its slot itself, so tasks need no arguments.
    for slot in range(settings.SENDER_SLOTS):
        wanted[f"tick {slot + 1}"] = ("campaigns.tasks.tick", 1)
    if settings.CLIENTS_DATABASE_URL:
        changes, everybody = _DIRECTORY
        wanted[changes] = (_DIRECTORY[changes], settings.CLIENTS_SYNC_MINUTES)
        wanted[everybody] = (_DIRECTORY[everybody], settings.CLIENTS_FULL_SYNC_HOURS * 60)
    return wanted
