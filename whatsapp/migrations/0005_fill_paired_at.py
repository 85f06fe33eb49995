"""Lines that were connected, or whose number is known, were paired at some time: a line without either never was."""

from django.db import migrations
from django.db.models import Q
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    sessions = apps.get_model("whatsapp", "WhatsAppSession").objects.using(schema_editor.connection.alias)
    sessions.filter(Q(state="READY") | ~Q(phone=""), paired_at__isnull=True).update(
        paired_at=Coalesce("state_at", "created_at")
    )


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0004_standing_of_a_line")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
