"""Who asked for a person's data to be told or erased."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import leadmaster.lib.fields


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0004_alert_reminder"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonalDataRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("exportar", "Exportación"), ("borrar", "Borrado")], max_length=16, verbose_name="qué"
                    ),
                ),
                (
                    "person_key",
                    leadmaster.lib.fields.IdentifierField(max_length=32, verbose_name="clave de la persona"),
                ),
                ("at", models.DateTimeField(verbose_name="cuándo")),
                ("reason", models.CharField(max_length=300, verbose_name="motivo")),
                ("counts", models.JSONField(default=dict, verbose_name="cuánto")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="quién",
                    ),
                ),
            ],
            options={
                "verbose_name": "pedido de datos personales",
                "verbose_name_plural": "datos personales",
                "ordering": ["-id"],
                "permissions": [("handle_personal_data", "Can export and erase the data of one person")],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["exportar", "borrar"])), name="personal_data_kind_known"
                    )
                ],
            },
        ),
    ]
