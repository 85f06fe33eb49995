from django.db import migrations

from leadmaster.lib.db.operations import CompareByteByByte
from leadmaster.lib.fields import IdentifierField


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_role_decides_alone"),
    ]

    operations = [
        CompareByteByByte(
            model_name="apitoken",
            name="digest",
            field=IdentifierField(max_length=64, unique=True),
        ),
    ]
