"""Since when a clock counts as it stands: from the row's last line that set it, else from entering its stage."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import Max, Q

_SETS_CLOCKS = ["asignada", "captada", "etapa", "reasignada", "devuelta", "prorroga", "plazo", "deshecha"]
_BATCH = 2_000


def fill(apps: Any, schema_editor: Any) -> None:
    Opportunity = apps.get_model("opportunities", "Opportunity")
    Event = apps.get_model("opportunities", "OpportunityEvent")
    clocked = Opportunity.objects.filter(
        Q(deadline__isnull=False) | Q(paused_seconds__isnull=False), clock_since__isnull=True
    )
    while rows := list(clocked.order_by("id").only("id", "stage_since")[:_BATCH]):
        lines = Event.objects.filter(opportunity__in=[row.pk for row in rows], kind__in=_SETS_CLOCKS).order_by()
        last = dict(lines.values_list("opportunity").annotate(at=Max("at")))
        for row in rows:
            row.clock_since = max(row.stage_since, last.get(row.pk, row.stage_since))
        Opportunity.objects.bulk_update(rows, ["clock_since"])


class Migration(migrations.Migration):
    dependencies = [("opportunities", "0002_clock_since")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
