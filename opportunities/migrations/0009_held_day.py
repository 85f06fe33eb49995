"""A desk whose zone changes goes on with the day of quotas that it had: see `Desk.day_at`."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("opportunities", "0008_orphaned_event")]

    operations = [
        migrations.AddField("desk", "held_day", models.DateField(blank=True, editable=False, null=True)),
        migrations.AddField("desk", "held_since", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("desk", "held_until", models.DateTimeField(blank=True, editable=False, null=True)),
    ]
