"""A window that closes before it opens goes on after midnight; only one that closes as it opens is none."""

from __future__ import annotations

import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_refused_event")]

    operations = [
        migrations.RemoveConstraint(model_name="schedulewindow", name="window_opens_before_it_closes"),
        migrations.AlterField(
            model_name="schedulewindow",
            name="closes",
            field=models.TimeField(
                help_text="00:00 es el final del día; antes de la apertura, sigue después de medianoche.",
                verbose_name="cierra",
            ),
        ),
        migrations.AddConstraint(
            model_name="schedulewindow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closes", datetime.time(0, 0)), ~models.Q(("closes", models.F("opens"))), _connector="OR"
                ),
                name="window_is_not_empty",
                violation_error_message="La ventana abre y cierra a la misma hora.",
            ),
        ),
    ]
