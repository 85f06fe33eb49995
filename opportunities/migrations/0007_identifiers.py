from django.db import migrations

from leadmaster.lib.db.operations import CompareByteByByte
from leadmaster.lib.fields import IdentifierField


class Migration(migrations.Migration):
    dependencies = [
        ("opportunities", "0006_reconciled_event"),
    ]

    operations = [
        CompareByteByByte(
            model_name="assignmentrequest",
            name="key",
            field=IdentifierField(max_length=80),
        ),
    ]
