"""People whose data was erased: a keyed hash of their phones, and the mark on their client."""

from __future__ import annotations

from django.db import migrations, models

from leadmaster.lib.fields import IdentifierField


class Migration(migrations.Migration):
    dependencies = [("directory", "0005_opt_out_doubts")]

    operations = [
        migrations.CreateModel(
            name="ErasedPhone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", IdentifierField(max_length=32, unique=True)),
                ("erased_at", models.DateTimeField(verbose_name="borrado")),
            ],
            options={
                "verbose_name": "número borrado",
                "verbose_name_plural": "números borrados",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="client",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="datos borrados"),
        ),
    ]
