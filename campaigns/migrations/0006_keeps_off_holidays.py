"""New campaigns keep off holidays. Those that are there send as they were approved."""

from __future__ import annotations

from django.db import migrations, models

_WORDS = {
    "verbose_name": "no enviar en feriados",
    "help_text": "Los del calendario del equipo. En los que tienen horario especial, envía solo dentro de él.",
}


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0005_windows_over_midnight")]

    operations = [
        migrations.AddField(
            model_name="campaign", name="keeps_off_holidays", field=models.BooleanField(default=False, **_WORDS)
        ),
        migrations.AlterField(
            model_name="campaign", name="keeps_off_holidays", field=models.BooleanField(default=True, **_WORDS)
        ),
    ]
