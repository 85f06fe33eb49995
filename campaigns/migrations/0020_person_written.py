"""Who rests is found by when they were written to."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0019_canary")]

    operations = [
        migrations.AddIndex("personrest", models.Index(fields=["written_at"], name="person_written")),
    ]
