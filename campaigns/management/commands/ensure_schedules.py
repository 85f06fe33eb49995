"""`manage.py ensure_schedules`: owns the django-q2 schedules. Updates or creates by name, never deletes others'."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

_EVERY_MINUTE = {
    "lookups": "campaigns.tasks.lookups",
    "imports": "campaigns.tasks.imports",
    "upkeep": "campaigns.tasks.upkeep",
    "sessions": "whatsapp.tasks.refresh_sessions",
    "line tests": "whatsapp.tasks.line_tests",
    "timers": "opportunities.tasks.expire_timers",
}


class Command(BaseCommand):
    help = "Crea o actualiza las tareas periódicas del cluster."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="informe en JSON")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        wanted = dict(_EVERY_MINUTE)
        # One schedule per slot; a tick finds its slot itself, so tasks need no arguments.
        for slot in range(settings.SENDER_SLOTS):
            wanted[f"tick {slot + 1}"] = "campaigns.tasks.tick"
        report = {"created": 0, "updated": 0, "removed": 0}
        for name, func in wanted.items():
            _schedule, created = Schedule.objects.update_or_create(
                name=name,
                defaults={"func": func, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
                create_defaults={
                    "func": func,
                    "schedule_type": Schedule.MINUTES,
                    "minutes": 1,
                    "repeats": -1,
                    "next_run": timezone.now(),
                },
            )
            report["created" if created else "updated"] += 1
        # Slots that the setting no longer asks for: ours by name and function.
        surplus = Schedule.objects.filter(name__startswith="tick ", func="campaigns.tasks.tick").exclude(
            name__in=wanted
        )
        report["removed"] = surplus.count()
        surplus.delete()
        self.stdout.write(json.dumps(report) if options["json"] else f"Tareas periódicas listas: {', '.join(wanted)}.")
