"""What a line answers by itself: rules, what came of them, and an envío that is neither a campaign's nor a person's."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import leadmaster.lib.fields


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_identifiers"),
        ("campaigns", "0027_opt_out_brake"),
        ("whatsapp", "0012_foreign_gateways"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AutomaticAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("palabra", "Cuando escriben una palabra clave"),
                            ("fuera_de_hora", "Fuera del horario del equipo"),
                            ("primera", "La primera vez que escriben"),
                            ("baja", "Cuando piden la baja, para confirmarla"),
                        ],
                        max_length=16,
                        verbose_name="cuándo contesta",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="cuándo")),
                (
                    "held_back",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("maquina", "Lo que llegó parece de otra máquina"),
                            ("sin_lugar", "La línea contestó mucho en esta hora"),
                        ],
                        max_length=16,
                        verbose_name="no salió porque",
                    ),
                ),
                ("once", leadmaster.lib.fields.IdentifierField(max_length=80, null=True, unique=True)),
            ],
            options={
                "verbose_name": "respuesta automática enviada",
                "verbose_name_plural": "registro de respuestas automáticas",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="AutomaticRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("palabra", "Cuando escriben una palabra clave"),
                            ("fuera_de_hora", "Fuera del horario del equipo"),
                            ("primera", "La primera vez que escriben"),
                            ("baja", "Cuando piden la baja, para confirmarla"),
                        ],
                        max_length=16,
                        verbose_name="cuándo contesta",
                    ),
                ),
                (
                    "keywords",
                    models.TextField(
                        blank=True,
                        help_text="Una por línea. Contesta si el mensaje tiene alguna, sin importar mayúsculas ni acentos.",
                        verbose_name="palabras clave",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="Sale tal cual: no lleva columnas ni variaciones.", verbose_name="respuesta"
                    ),
                ),
                ("enabled", models.BooleanField(default=False, verbose_name="encendida")),
                ("changed_at", models.DateTimeField(editable=False, verbose_name="cambió")),
            ],
            options={
                "verbose_name": "respuesta automática",
                "verbose_name_plural": "respuestas automáticas",
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="envio",
            name="envio_campaign_or_author",
        ),
        migrations.AddField(
            model_name="envio",
            name="automatic",
            field=models.CharField(
                blank=True,
                choices=[
                    ("palabra", "Cuando escriben una palabra clave"),
                    ("fuera_de_hora", "Fuera del horario del equipo"),
                    ("primera", "La primera vez que escriben"),
                    ("baja", "Cuando piden la baja, para confirmarla"),
                ],
                db_default="",
                default="",
                editable=False,
                max_length=16,
                verbose_name="automática",
            ),
        ),
        migrations.AddConstraint(
            model_name="envio",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("author__isnull", True),
                        ("automatic", ""),
                        ("campaign__isnull", False),
                        ("written_key__isnull", True),
                    ),
                    models.Q(
                        ("author__isnull", False),
                        ("automatic", ""),
                        ("campaign__isnull", True),
                        ("written_key__isnull", False),
                    ),
                    models.Q(
                        ("author__isnull", True),
                        ("automatic__in", ["palabra", "fuera_de_hora", "primera", "baja"]),
                        ("campaign__isnull", True),
                        ("written_key__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="envio_has_one_origin",
            ),
        ),
        migrations.AddField(
            model_name="automaticanswer",
            name="conversation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="automatic_answers",
                to="campaigns.conversation",
                verbose_name="conversación",
            ),
        ),
        migrations.AddField(
            model_name="automaticanswer",
            name="envio",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="automatic_answer",
                to="campaigns.envio",
                verbose_name="mensaje",
            ),
        ),
        migrations.AddField(
            model_name="automaticanswer",
            name="session",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="whatsapp.whatsappsession",
                verbose_name="línea",
            ),
        ),
        migrations.AddField(
            model_name="automaticrule",
            name="changed_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="la cambió",
            ),
        ),
        migrations.AddField(
            model_name="automaticrule",
            name="session",
            field=models.ForeignKey(
                blank=True,
                help_text="Vacía: todas las líneas del equipo.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="automatic_rules",
                to="whatsapp.whatsappsession",
                verbose_name="línea",
            ),
        ),
        migrations.AddField(
            model_name="automaticrule",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="automatic_rules",
                to="accounts.team",
                verbose_name="equipo",
            ),
        ),
        migrations.AddField(
            model_name="automaticanswer",
            name="rule",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="answers",
                to="campaigns.automaticrule",
                verbose_name="regla",
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["palabra", "fuera_de_hora", "primera", "baja"])),
                name="automatic_rule_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="automatic_rule_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["palabra", "fuera_de_hora", "primera", "baja"])),
                name="automatic_answer_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("held_back", ""),
                    models.Q(("envio", None), ("held_back__in", ["maquina", "sin_lugar"])),
                    _connector="OR",
                ),
                name="automatic_answer_went_or_not",
            ),
        ),
    ]
