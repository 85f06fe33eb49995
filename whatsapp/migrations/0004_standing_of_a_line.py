"""Where a line stands: connected and mute, never paired, slowed by refused first contacts; and who changed it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0003_one_address_per_gateway"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="whatsappsession",
            name="can_send",
            field=models.BooleanField(default=True, editable=False, verbose_name="puede enviar"),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="cold_refusals",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="cold_refused_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="mute_since",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="sin enviar desde"),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="paired_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="vinculada por primera vez"),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="send_refusals",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="trouble_code",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.CreateModel(
            name="SessionEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="cuándo")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("nuevos_despacio", "Contactos nuevos más despacio"),
                            ("nuevos_detenidos", "Contactos nuevos detenidos"),
                            ("nuevos_permitidos", "Contactos nuevos permitidos de nuevo"),
                            ("pausa_quitada", "Pausa quitada"),
                        ],
                        max_length=20,
                        verbose_name="qué",
                    ),
                ),
                ("until", models.DateTimeField(blank=True, null=True, verbose_name="hasta")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="motivo")),
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
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="whatsapp.whatsappsession",
                        verbose_name="sesión",
                    ),
                ),
            ],
            options={
                "verbose_name": "cambio de sesión",
                "verbose_name_plural": "historial de sesiones",
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["nuevos_despacio", "nuevos_detenidos", "nuevos_permitidos", "pausa_quitada"])
                        ),
                        name="session_event_kind_known",
                    )
                ],
            },
        ),
    ]
