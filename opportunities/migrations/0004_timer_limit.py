"""One upper limit for timers, whichever door they come by: a year."""

from __future__ import annotations

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("opportunities", "0003_clock_since_filled")]

    operations = [
        migrations.AlterField(
            model_name="stage",
            name="timer_minutes",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Vacío: sin plazo. Cuenta solo el horario de atención.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(525600),
                ],
                verbose_name="plazo (minutos hábiles)",
            ),
        ),
    ]
