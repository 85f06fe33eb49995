import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_restore_guard"),
        ("whatsapp", "0005_fill_paired_at"),
    ]

    operations = [
        migrations.CreateModel(
            name="RefusedEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(editable=False, max_length=64)),
                ("reason", models.CharField(max_length=300, verbose_name="por qué")),
                ("content", models.TextField(verbose_name="contenido")),
                ("count", models.PositiveIntegerField(default=1, verbose_name="veces")),
                ("received_at", models.DateTimeField(verbose_name="llegó")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="whatsapp.whatsappsession",
                        verbose_name="sesión",
                    ),
                ),
            ],
            options={
                "verbose_name": "aviso que no se pudo tomar",
                "verbose_name_plural": "avisos que no se pudieron tomar",
                "ordering": ["-id"],
                "default_permissions": ("view",),
                "constraints": [models.UniqueConstraint(fields=("session", "fingerprint"), name="refused_event_once")],
            },
        ),
    ]
