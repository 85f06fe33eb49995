"""A window that closes before it opens goes on after midnight; only one that closes as it opens is none."""

from __future__ import annotations

import datetime

from django.db import migrations, models

_HELP = "00:00 es el final del día; antes de la apertura, sigue después de medianoche."
_NOT_EMPTY = models.Q(("closes", datetime.time(0, 0)), ~models.Q(("closes", models.F("opens"))), _connector="OR")


class Migration(migrations.Migration):
    dependencies = [("calendars", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="holidaywindow", name="special_opening_before_closing"),
        migrations.RemoveConstraint(model_name="openingwindow", name="opening_before_closing"),
        *(
            migrations.AlterField(
                model_name=model, name="closes", field=models.TimeField(help_text=_HELP, verbose_name="cierra")
            )
            for model in ("holidaywindow", "openingwindow")
        ),
        migrations.AddConstraint(
            model_name="holidaywindow",
            constraint=models.CheckConstraint(condition=_NOT_EMPTY, name="special_opening_is_not_empty"),
        ),
        migrations.AddConstraint(
            model_name="openingwindow",
            constraint=models.CheckConstraint(condition=_NOT_EMPTY, name="opening_is_not_empty"),
        ),
    ]
