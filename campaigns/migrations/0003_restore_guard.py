"""What tells that the database came back from a backup: its key, the machines that send, and what they reported."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def name_the_database(apps, schema_editor):
    """From here on every backup holds the key, so that a journal can say which database it speaks of."""
    apps.get_model("campaigns", "DatabaseIdentity").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_reconciliation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Restore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("detected_at", models.DateTimeField(verbose_name="cuándo se notó")),
                ("reason", models.CharField(max_length=300, verbose_name="cómo se notó")),
            ],
            options={
                "verbose_name": "vuelta de un respaldo",
                "verbose_name_plural": "vueltas de respaldos",
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Sender",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(editable=False, unique=True)),
                ("name", models.CharField(max_length=200, verbose_name="equipo")),
                ("epoch", models.PositiveBigIntegerField(default=0, editable=False)),
                ("first_seen_at", models.DateTimeField(verbose_name="desde")),
                ("last_seen_at", models.DateTimeField(verbose_name="visto por última vez")),
            ],
            options={
                "verbose_name": "equipo que envía",
                "verbose_name_plural": "equipos que envían",
                "ordering": ["name", "id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DatabaseIdentity",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
            ],
            options={
                "verbose_name": "identidad de la base",
                "verbose_name_plural": "identidad de la base",
                "default_permissions": (),
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="database_identity_is_one")],
            },
        ),
        migrations.CreateModel(
            name="ForgottenDispatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.UUIDField(unique=True)),
                ("client_message_id", models.UUIDField()),
                ("person_key", models.CharField(blank=True, max_length=32)),
                ("at", models.DateTimeField()),
                ("excluded_until", models.DateTimeField()),
                (
                    "envio",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="campaigns.envio"
                    ),
                ),
                (
                    "restore",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="dispatches", to="campaigns.restore"
                    ),
                ),
            ],
            options={
                "verbose_name": "salida olvidada",
                "verbose_name_plural": "salidas olvidadas",
                "default_permissions": (),
                "indexes": [models.Index(fields=["person_key", "excluded_until"], name="forgotten_person")],
            },
        ),
        migrations.CreateModel(
            name="JournalReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reported_at", models.DateTimeField(blank=True, null=True, verbose_name="leído")),
                ("parked", models.PositiveIntegerField(default=0, verbose_name="envíos que pudieron haber salido")),
                ("lost_at", models.DateTimeField(blank=True, null=True, verbose_name="dado por perdido")),
                ("lost_reason", models.CharField(blank=True, max_length=300, verbose_name="motivo")),
                (
                    "lost_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="quién",
                    ),
                ),
                (
                    "restore",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="campaigns.restore",
                        verbose_name="vuelta de un respaldo",
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="campaigns.sender",
                        verbose_name="equipo",
                    ),
                ),
            ],
            options={
                "verbose_name": "diario de envíos",
                "verbose_name_plural": "diarios de envíos después de un respaldo",
                "ordering": ["-restore_id", "id"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("restore", "sender"), name="journal_report_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("lost_at__isnull", True),
                            models.Q(("lost_by__isnull", False), models.Q(("lost_reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="journal_lost_has_author",
                    ),
                ],
            },
        ),
        migrations.RunPython(name_the_database, migrations.RunPython.noop),
    ]
