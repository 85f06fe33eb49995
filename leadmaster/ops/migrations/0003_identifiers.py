from django.db import migrations

from leadmaster.lib.db.operations import CompareByteByByte
from leadmaster.lib.fields import IdentifierField


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0002_reconciliation"),
    ]

    operations = [
        CompareByteByByte(
            model_name="alert",
            name="key",
            field=IdentifierField(max_length=160, verbose_name="clave"),
        ),
        CompareByteByByte(
            model_name="alert",
            name="open_key",
            field=IdentifierField(blank=True, editable=False, max_length=160, null=True, unique=True),
        ),
        CompareByteByByte(
            model_name="heartbeat",
            name="name",
            field=IdentifierField(max_length=64, unique=True, verbose_name="nombre"),
        ),
        CompareByteByByte(
            model_name="idempotentrequest",
            name="fingerprint",
            field=IdentifierField(max_length=64),
        ),
        CompareByteByByte(
            model_name="idempotentrequest",
            name="key",
            field=IdentifierField(max_length=128, verbose_name="clave"),
        ),
    ]
