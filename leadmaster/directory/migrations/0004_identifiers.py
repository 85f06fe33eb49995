from django.db import migrations

from leadmaster.lib.db.operations import CompareByteByByte
from leadmaster.lib.fields import IdentifierField


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0003_split_captured_names"),
    ]

    operations = [
        CompareByteByByte(
            model_name="client",
            name="digest",
            field=IdentifierField(blank=True, editable=False, max_length=32),
        ),
        CompareByteByByte(
            model_name="client",
            name="external_id",
            field=IdentifierField(max_length=64, verbose_name="id externo"),
        ),
        CompareByteByByte(
            model_name="client",
            name="source",
            field=IdentifierField(max_length=32, verbose_name="origen"),
        ),
        CompareByteByByte(
            model_name="syncstate",
            name="source",
            field=IdentifierField(max_length=32, unique=True, verbose_name="origen"),
        ),
    ]
