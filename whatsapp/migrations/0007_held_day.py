"""A line whose zone changes goes on with the day that it had: see `WhatsAppSession.day_at`."""

from __future__ import annotations

from django.db import migrations, models

import whatsapp.models


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0006_identifiers")]

    operations = [
        migrations.AddField("whatsappsession", "held_day", models.DateField(blank=True, editable=False, null=True)),
        migrations.AddField(
            "whatsappsession", "held_until", models.DateTimeField(blank=True, editable=False, null=True)
        ),
        migrations.AlterField(
            "whatsappsession",
            "time_zone",
            models.CharField(
                default=whatsapp.models._default_time_zone,
                help_text="Si la cambias, las programaciones aprobadas de sus campañas esperan una aprobación nueva.",
                max_length=64,
                validators=[whatsapp.models._check_time_zone],
                verbose_name="zona horaria",
            ),
        ),
    ]
