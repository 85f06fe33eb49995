"""What people tried to reach a client with, and the dates on which they come back to one: two tables."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import leadmaster.lib.fields


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_identifiers"),
        ("campaigns", "0023_erased_evidence"),
        ("opportunities", "0009_held_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[("llamada", "Llamada"), ("whatsapp", "WhatsApp")],
                        max_length=16,
                        verbose_name="por dónde",
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="teléfono")),
                ("at", models.DateTimeField(verbose_name="cuándo")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("sin_resultado", "Sin resultado"),
                            ("atendio", "Atendió"),
                            ("no_atendio", "No atendió"),
                            ("ocupado", "Ocupado"),
                            ("equivocado", "Número equivocado"),
                            ("volver_a_llamar", "Volver a llamar"),
                            ("escrito", "Le escribí"),
                        ],
                        default="sin_resultado",
                        editable=False,
                        max_length=16,
                        verbose_name="resultado",
                    ),
                ),
                ("told_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="contado el")),
                ("note", models.CharField(blank=True, max_length=240, verbose_name="nota")),
                ("key", leadmaster.lib.fields.IdentifierField(max_length=64)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="quién",
                    ),
                ),
                (
                    "opportunity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contact_attempts",
                        to="opportunities.opportunity",
                        verbose_name="oportunidad",
                    ),
                ),
            ],
            options={
                "verbose_name": "intento de contacto",
                "verbose_name_plural": "intentos de contacto",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("set_at", models.DateTimeField(verbose_name="puesto el")),
                ("due_at", models.DateTimeField(verbose_name="cuándo")),
                ("note", models.CharField(blank=True, max_length=240, verbose_name="nota")),
                ("holds", models.BooleanField(default=False, verbose_name="detiene el plazo")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pendiente", "Pendiente"),
                            ("hecho", "Hecho"),
                            ("cancelado", "Cancelado"),
                            ("terminado", "Terminó con su oportunidad"),
                        ],
                        default="pendiente",
                        editable=False,
                        max_length=16,
                        verbose_name="estado",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("postponed", models.PositiveIntegerField(default=0, editable=False, verbose_name="veces pospuesto")),
                ("closed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="cerrado el")),
                ("key", leadmaster.lib.fields.IdentifierField(max_length=64)),
                (
                    "attempt",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reminder",
                        to="opportunities.contactattempt",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="quién lo cerró",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="campaigns.conversation",
                        verbose_name="conversación",
                    ),
                ),
                (
                    "handed_from",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="venía de",
                    ),
                ),
                (
                    "opportunity",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="opportunities.opportunity",
                        verbose_name="oportunidad",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="quién lo puso",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                        verbose_name="equipo",
                    ),
                ),
                (
                    "whom",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="para quién",
                    ),
                ),
            ],
            options={
                "verbose_name": "recordatorio",
                "verbose_name_plural": "recordatorios",
                "ordering": ["due_at", "id"],
            },
        ),
        migrations.AddIndex(
            model_name="contactattempt",
            index=models.Index(fields=["by", "at"], name="contact_of_person"),
        ),
        migrations.AddConstraint(
            model_name="contactattempt",
            constraint=models.UniqueConstraint(fields=("by", "key"), name="contact_once"),
        ),
        migrations.AddConstraint(
            model_name="contactattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["llamada", "whatsapp"])), name="contact_channel_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="contactattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        [
                            "sin_resultado",
                            "atendio",
                            "no_atendio",
                            "ocupado",
                            "equivocado",
                            "volver_a_llamar",
                            "escrito",
                        ],
                    )
                ),
                name="contact_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="contactattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "sin_resultado"), ("told_at__isnull", True)),
                    models.Q(models.Q(("outcome", "sin_resultado"), _negated=True), ("told_at__isnull", False)),
                    _connector="OR",
                ),
                name="contact_told_or_not",
            ),
        ),
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(fields=["whom", "state", "due_at"], name="reminder_of_person"),
        ),
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(fields=["team", "state", "due_at"], name="reminder_of_team"),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(fields=("set_by", "key"), name="reminder_once"),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pendiente", "hecho", "cancelado", "terminado"])),
                name="reminder_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("conversation__isnull", True), ("opportunity__isnull", False)),
                    models.Q(("conversation__isnull", False), ("holds", False), ("opportunity__isnull", True)),
                    _connector="OR",
                ),
                name="reminder_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state", "pendiente")),
                    models.Q(models.Q(("state", "pendiente"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="reminder_open_or_closed",
            ),
        ),
    ]
