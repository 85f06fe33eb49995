"""The address of a gateway becomes a column that writes itself one way only; limits and tenant ids get bounds."""

import django.core.validators
from django.db import migrations, models

import whatsapp.addresses
import whatsapp.models


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="whatsappsession",
            name="base_url",
            field=whatsapp.addresses.GatewayAddressField(
                blank=True,
                help_text="Vacía: la de SESSION_MANAGER_BASE_URL.",
                max_length=200,
                verbose_name="dirección del gateway",
            ),
        ),
        migrations.AlterField(
            model_name="whatsappsession",
            name="daily_limit",
            field=models.PositiveIntegerField(
                default=whatsapp.models._default_daily_limit,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(100000),
                ],
                verbose_name="límite diario",
            ),
        ),
        migrations.AlterField(
            model_name="whatsappsession",
            name="lane_count",
            field=models.PositiveSmallIntegerField(
                default=1,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="mensajes a la vez",
            ),
        ),
        migrations.AlterField(
            model_name="whatsappsession",
            name="tenant_id",
            field=models.CharField(
                help_text="El identificador con el que el gateway conoce esta línea.",
                max_length=64,
                validators=[
                    django.core.validators.RegexValidator(
                        "\\A[!-~]+\\Z",
                        "Escríbelo tal como lo conoce el gateway: letras, números y signos, sin espacios.",
                    )
                ],
                verbose_name="cliente_id",
            ),
        ),
    ]
