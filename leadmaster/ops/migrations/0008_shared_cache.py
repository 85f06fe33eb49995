"""The table that counters of several machines share, where `SHARED_CACHE` says so."""

from __future__ import annotations

from django.db import migrations, models

import leadmaster.lib.fields


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0007_web_push"),
    ]

    operations = [
        migrations.CreateModel(
            name="CachedValue",
            fields=[
                (
                    "cache_key",
                    leadmaster.lib.fields.IdentifierField(
                        max_length=255, primary_key=True, serialize=False, verbose_name="clave"
                    ),
                ),
                ("value", models.TextField(verbose_name="valor")),
                ("expires", models.DateTimeField(db_index=True, verbose_name="vence")),
            ],
            options={
                "verbose_name": "valor en caché",
                "verbose_name_plural": "valores en caché",
                "default_permissions": (),
            },
        ),
    ]
