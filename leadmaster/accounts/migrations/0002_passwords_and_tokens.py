"""Whose password it is and since when; tokens of programs as hashes that expire."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("hint", models.CharField(max_length=8, verbose_name="empieza con")),
                ("created_at", models.DateTimeField(verbose_name="creado")),
                ("expires_at", models.DateTimeField(verbose_name="vence")),
                ("last_used_at", models.DateTimeField(null=True, verbose_name="último uso")),
            ],
            options={
                "verbose_name": "acceso de un programa",
                "verbose_name_plural": "accesos de programas",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="user",
            name="must_change_password",
            field=models.BooleanField(default=False, editable=False, verbose_name="tiene que cambiar la contraseña"),
        ),
        migrations.AddField(
            model_name="user",
            name="password_set_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="contraseña puesta"),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_tokens",
                to=settings.AUTH_USER_MODEL,
                verbose_name="persona",
            ),
        ),
    ]
