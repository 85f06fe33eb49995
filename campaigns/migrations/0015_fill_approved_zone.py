"""What was approved so far was approved for the zone that its line has today."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def fill(apps: Any, schema_editor: Any) -> None:
    schedules = apps.get_model("campaigns", "Schedule").objects.using(schema_editor.connection.alias)
    lines = apps.get_model("whatsapp", "WhatsAppSession").objects.using(schema_editor.connection.alias)
    decided = schedules.filter(zone="", decided_at__isnull=False)
    for zone in lines.order_by().values_list("time_zone", flat=True).distinct():
        decided.filter(campaign__session__time_zone=zone).update(zone=zone)


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0014_approved_zone"), ("whatsapp", "0007_held_day")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
