"""A schedule is approved for the zone that its line has: where it is another one later, it waits again."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0013_brakes")]

    operations = [
        migrations.AddField(
            "schedule",
            "zone",
            models.CharField(
                blank=True, default="", editable=False, max_length=64, verbose_name="aprobada para la zona"
            ),
            preserve_default=False,
        ),
    ]
