"""Where people are logged in, and a round that ends all of it."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import leadmaster.lib.fields


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_identifiers")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="log_in_round",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", leadmaster.lib.fields.IdentifierField(max_length=64, unique=True)),
                ("agent", models.CharField(blank=True, max_length=200, verbose_name="navegador")),
                ("opened_at", models.DateTimeField(verbose_name="desde")),
                ("seen_at", models.DateTimeField(verbose_name="visto")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="devices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "dispositivo",
                "verbose_name_plural": "dispositivos",
                "ordering": ["-seen_at", "-id"],
            },
        ),
    ]
