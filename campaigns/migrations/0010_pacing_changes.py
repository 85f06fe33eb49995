"""A campaign's pacing changes after it was approved: its history says from what to what, and every door has one bound."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0009_person_rest")]

    operations = [
        migrations.AddField(
            "campaignevent", "change", models.CharField(blank=True, max_length=200, verbose_name="cambio")
        ),
        migrations.AlterField(
            "campaign",
            "delay_min",
            models.PositiveIntegerField(
                default=30,
                validators=[MaxValueValidator(86400)],
                verbose_name="pausa mínima entre mensajes (s)",
            ),
        ),
        migrations.AlterField(
            "campaign",
            "delay_max",
            models.PositiveIntegerField(
                default=90,
                validators=[MaxValueValidator(86400)],
                verbose_name="pausa máxima entre mensajes (s)",
            ),
        ),
        migrations.AlterField(
            "campaign",
            "burst_size",
            models.PositiveIntegerField(
                default=0,
                help_text="0: sin ráfagas. Después de tantos mensajes, una pausa larga.",
                validators=[MaxValueValidator(10000)],
                verbose_name="mensajes por ráfaga",
            ),
        ),
        migrations.AlterField(
            "campaign",
            "burst_pause",
            models.PositiveIntegerField(
                default=600,
                validators=[MaxValueValidator(86400)],
                verbose_name="pausa entre ráfagas (s)",
            ),
        ),
    ]
