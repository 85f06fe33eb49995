import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import leadmaster.lib.fields


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0016_approved_in_a_zone"),
        ("whatsapp", "0006_identifiers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Conversation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("phone", models.CharField(blank=True, max_length=20, null=True, verbose_name="teléfono")),
                (
                    "lid",
                    leadmaster.lib.fields.IdentifierField(
                        blank=True, max_length=20, null=True, verbose_name="id oculto de WhatsApp"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("por_atender", "Por atender"), ("pospuesta", "Pospuesta"), ("atendida", "Atendida")],
                        editable=False,
                        max_length=16,
                        verbose_name="estado",
                    ),
                ),
                ("unread", models.PositiveIntegerField(default=0, editable=False, verbose_name="sin leer")),
                (
                    "waiting_since",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="espera desde"),
                ),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="toca desde")),
                ("handled_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="atendida el")),
                ("last_at", models.DateTimeField(editable=False, verbose_name="último mensaje")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "conversación",
                "verbose_name_plural": "conversaciones",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="reply",
            name="kind",
            field=models.CharField(
                choices=[
                    ("texto", "Texto"),
                    ("imagen", "Imagen"),
                    ("video", "Video"),
                    ("audio", "Audio"),
                    ("documento", "Documento"),
                    ("sticker", "Sticker"),
                    ("ubicacion", "Ubicación"),
                    ("contacto", "Contacto"),
                    ("otro", "Otro contenido"),
                ],
                default="texto",
                max_length=16,
                verbose_name="tipo",
            ),
        ),
        migrations.AddField(
            model_name="reply",
            name="lid",
            field=leadmaster.lib.fields.IdentifierField(
                blank=True, default="", max_length=20, verbose_name="id oculto de WhatsApp"
            ),
        ),
        migrations.AlterField(
            model_name="reply",
            name="phone",
            field=models.CharField(blank=True, max_length=20, verbose_name="teléfono"),
        ),
        migrations.AddIndex(
            model_name="reply",
            index=models.Index(fields=["session", "lid", "at"], name="reply_of_lid"),
        ),
        migrations.AddField(
            model_name="conversation",
            name="assigned_to",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="conversations",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asignada a",
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="campaign",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="conversations",
                to="campaigns.campaign",
                verbose_name="campaña",
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="handled_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="atendió",
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="last_reply",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="campaigns.reply",
                verbose_name="lo último",
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="session",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="conversations",
                to="whatsapp.whatsappsession",
                verbose_name="sesión",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["session", "due_at"], name="conversation_line_due"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["campaign", "due_at"], name="conversation_campaign_due"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["assigned_to", "due_at"], name="conversation_person_due"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["due_at"], name="conversation_due"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["phone"], name="conversation_phone"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["session", "last_at"], name="conversation_line_last"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["campaign", "last_at"], name="conversation_campaign_last"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["assigned_to", "last_at"], name="conversation_person_last"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["last_at"], name="conversation_last"),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(fields=("session", "phone"), name="conversation_of_phone"),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(fields=("session", "lid"), name="conversation_of_lid"),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("phone__isnull", False), ("lid__isnull", False), _connector="OR"),
                name="conversation_has_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["por_atender", "pospuesta", "atendida"])),
                name="conversation_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("due_at__isnull", False),
                        ("state__in", ("por_atender", "pospuesta")),
                        ("waiting_since__isnull", False),
                    ),
                    models.Q(
                        ("due_at__isnull", True), ("state", "atendida"), ("unread", 0), ("waiting_since__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="conversation_waits_or_not",
            ),
        ),
    ]
