import django.core.validators
from django.db import migrations

from leadmaster.lib.db.operations import CompareByteByByte
from leadmaster.lib.fields import IdentifierField
from whatsapp.addresses import GatewayAddressField


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0005_fill_paired_at"),
    ]

    operations = [
        CompareByteByByte(
            model_name="whatsappsession",
            name="base_url",
            field=GatewayAddressField(
                blank=True, help_text="Vacía: la de SESSION_MANAGER_BASE_URL.", verbose_name="dirección del gateway"
            ),
        ),
        CompareByteByByte(
            model_name="linetest",
            name="message_id",
            field=IdentifierField(blank=True, max_length=160, verbose_name="id del gateway"),
        ),
        CompareByteByByte(
            model_name="whatsappsession",
            name="tenant_id",
            field=IdentifierField(
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
