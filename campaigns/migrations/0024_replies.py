"""What a person writes in a conversation is an envío too: of no campaign, with an author and a key."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import leadmaster.lib.fields

_EVIDENCE = [
    ("persona", "Decisión de una persona"),
    ("aviso", "Aviso del gateway"),
    ("consulta", "Consulta al gateway"),
    ("respuesta_tardia", "Respuesta tardía del gateway"),
    ("plazo", "Venció el plazo del intento"),
    ("campania", "Cambio en la campaña"),
    ("baja", "El número pidió no recibir mensajes"),
    ("retirado", "El cliente cambió de manos"),
    ("restauracion", "La base volvió de un respaldo"),
    ("conciliacion", "Lo encontró una conciliación"),
    ("importacion", "Vino del sistema anterior"),
    ("borrado", "Se borraron los datos de la persona"),
    ("tarde", "No salió a tiempo"),
    ("autor", "Quien lo escribió ya no entra"),
]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("campaigns", "0023_erased_evidence"),
    ]

    operations = [
        migrations.AlterField(
            "envio",
            "campaign",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="envios",
                to="campaigns.campaign",
                verbose_name="campaña",
            ),
        ),
        migrations.AddField(
            "envio",
            "author",
            models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="escribió",
            ),
        ),
        migrations.AddField(
            "envio",
            "written_key",
            leadmaster.lib.fields.IdentifierField(
                blank=True, editable=False, max_length=100, null=True, verbose_name="clave"
            ),
        ),
        migrations.AddConstraint(
            "envio", models.UniqueConstraint(fields=["author", "written_key"], name="envio_written_once")
        ),
        migrations.AddConstraint(
            "envio",
            models.CheckConstraint(
                condition=Q(campaign__isnull=False, author__isnull=True, written_key__isnull=True)
                | Q(campaign__isnull=True, author__isnull=False, written_key__isnull=False),
                name="envio_campaign_or_author",
            ),
        ),
        migrations.AlterField(
            "attempt",
            "session_day",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attempts",
                to="campaigns.sessionday",
            ),
        ),
        migrations.AlterField(
            "attempt",
            "schedule_day",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attempts",
                to="campaigns.scheduleday",
            ),
        ),
        migrations.AlterField("envioevent", "evidence", models.CharField("por", max_length=20, choices=_EVIDENCE)),
    ]
