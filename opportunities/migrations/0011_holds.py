"""A date that the client asked for holds the stage's timer: how long, until when, and since when."""

from __future__ import annotations

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_identifiers"),
        ("directory", "0006_erased_phones"),
        ("opportunities", "0010_reminders_and_contacts"),
    ]

    operations = [
        migrations.AddField(
            model_name="opportunity",
            name="held_until",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="espera hasta"),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="hold_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="stage",
            name="hold_minutes",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Hasta cuánto puede esperar el plazo a una fecha que pidió el cliente. Vacío: no espera.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(525600),
                ],
                verbose_name="espera a pedido del cliente (minutos hábiles)",
            ),
        ),
        migrations.AddConstraint(
            model_name="opportunity",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("held_until__isnull", True),
                    models.Q(("hold_since__isnull", False), ("state", "activa")),
                    _connector="OR",
                ),
                name="opportunity_hold_only_active",
            ),
        ),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.CheckConstraint(
                condition=models.Q(("hold_minutes__isnull", True), ("hold_minutes__gt", 0), _connector="OR"),
                name="stage_hold_positive",
                violation_error_message="La espera tiene que ser de al menos un minuto, o quedar vacía.",
            ),
        ),
    ]
