"""A campaign may wait for those who attend to its answers."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0028_automatic_answers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CampaignSellersHold",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="sellers_hold",
                        serialize=False,
                        to="campaigns.campaign",
                    ),
                ),
                ("held_since", models.DateTimeField(null=True, verbose_name="espera desde")),
                ("waiting", models.PositiveIntegerField(default=0, verbose_name="sin contestar")),
                ("sellers", models.PositiveIntegerField(default=1, verbose_name="personas")),
                ("goes_on_at", models.PositiveIntegerField(default=0, verbose_name="sigue con")),
                ("let_go_until", models.DateTimeField(null=True, verbose_name="soltado hasta")),
            ],
            options={
                "verbose_name": "espera por quienes atienden",
                "verbose_name_plural": "esperas por quienes atienden",
                "default_permissions": (),
            },
        ),
        migrations.RemoveConstraint(
            model_name="campaignbrake",
            name="campaign_brake_kind_known",
        ),
        migrations.AddField(
            model_name="campaign",
            name="seller_capacity",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Espera mientras quienes atienden sus respuestas tengan más conversaciones sin contestar. Vacío: lo normal; 0: no espera.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000)],
                verbose_name="sin contestar por persona",
            ),
        ),
        migrations.AlterField(
            model_name="campaignbrake",
            name="kind",
            field=models.CharField(
                choices=[
                    ("errores", "Demasiados errores"),
                    ("primeros", "Primeros mensajes sin llegar"),
                    ("plantilla", "Meta no acepta su plantilla"),
                    ("bajas", "Demasiadas bajas"),
                    ("vendedores", "Demasiadas respuestas sin contestar"),
                ],
                max_length=16,
                verbose_name="freno",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignbrake",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["errores", "primeros", "plantilla", "bajas", "vendedores"])),
                name="campaign_brake_kind_known",
            ),
        ),
    ]
