"""What somebody looks for in their list again and again, under a name of their own."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

STATES = [
    ("activa", "Activa"),
    ("salida", "En la bandeja"),
    ("pool", "En el pool"),
    ("ganada", "Ganada"),
    ("perdida", "Perdida"),
]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("opportunities", "0012_result_days"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="nombre")),
                (
                    "listed_state",
                    models.CharField(choices=STATES, default="activa", max_length=16, verbose_name="estado"),
                ),
                ("stage_name", models.CharField(blank=True, editable=False, max_length=80)),
                ("search", models.CharField(blank=True, max_length=80, verbose_name="búsqueda")),
                ("created_at", models.DateTimeField(verbose_name="creado")),
                (
                    "stage",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="opportunities.stage",
                        verbose_name="etapa",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_filters",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "filtro guardado",
                "verbose_name_plural": "filtros guardados",
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "name"), name="saved_filter_once"),
                    models.CheckConstraint(
                        condition=Q(listed_state__in=[state for state, _name in STATES]),
                        name="saved_filter_state_known",
                    ),
                ],
            },
        ),
    ]
