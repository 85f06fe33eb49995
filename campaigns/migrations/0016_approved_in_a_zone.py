"""No approval without the zone that it is for."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0015_fill_approved_zone")]

    operations = [
        migrations.AddConstraint(
            "schedule",
            models.CheckConstraint(condition=~Q(state="aprobada") | ~Q(zone=""), name="schedule_approved_in_a_zone"),
        ),
    ]
