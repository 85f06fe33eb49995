"""A campaign of which too many ask for silence pauses itself."""

from __future__ import annotations

import django.core.validators
from django.db import migrations, models
from django.db.models import Q

_KINDS = [
    ("errores", "Demasiados errores"),
    ("primeros", "Primeros mensajes sin llegar"),
    ("plantilla", "Meta no acepta su plantilla"),
    ("bajas", "Demasiadas bajas"),
]


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0026_send_days")]

    operations = [
        migrations.AddField(
            "campaign",
            "opt_out_pause",
            models.PositiveSmallIntegerField(
                blank=True,
                help_text=(
                    "Se pausa sola cuando esta parte de quienes la recibieron últimamente pide la baja. "
                    "Vacío: lo normal; 0: nunca."
                ),
                null=True,
                validators=[django.core.validators.MaxValueValidator(100)],
                verbose_name="frenar con bajas (%)",
            ),
        ),
        migrations.RemoveConstraint("campaignbrake", "campaign_brake_kind_known"),
        migrations.AlterField(
            "campaignbrake", "kind", models.CharField(choices=_KINDS, max_length=16, verbose_name="freno")
        ),
        migrations.AddConstraint(
            "campaignbrake",
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _label in _KINDS]), name="campaign_brake_kind_known"
            ),
        ),
    ]
