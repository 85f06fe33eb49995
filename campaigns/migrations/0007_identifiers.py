from django.db import migrations

from leadmaster.lib.db.operations import CompareByteByByte
from leadmaster.lib.fields import IdentifierField


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0006_keeps_off_holidays"),
    ]

    operations = [
        CompareByteByByte(
            model_name="attempt",
            name="message_id",
            field=IdentifierField(blank=True, max_length=160, verbose_name="id del gateway"),
        ),
        CompareByteByByte(
            model_name="earlyreceipt",
            name="message_id",
            field=IdentifierField(max_length=160),
        ),
        CompareByteByByte(
            model_name="envio",
            name="message_id",
            field=IdentifierField(blank=True, max_length=160, null=True, verbose_name="id del gateway"),
        ),
        CompareByteByByte(
            model_name="forgottendispatch",
            name="person_key",
            field=IdentifierField(blank=True, max_length=32),
        ),
        CompareByteByByte(
            model_name="refusedevent",
            name="fingerprint",
            field=IdentifierField(editable=False, max_length=64),
        ),
        CompareByteByByte(
            model_name="reply",
            name="message_id",
            field=IdentifierField(max_length=160, verbose_name="id del gateway"),
        ),
    ]
