"""Since when a clock counts as it stands: the column."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("opportunities", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="opportunity",
            name="clock_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
