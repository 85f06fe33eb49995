"""Lines that were here before are no new numbers: they keep their limit, and say since when they are in use."""

from django.db import migrations


def fill(apps, schema_editor):
    sessions = apps.get_model("whatsapp", "WhatsAppSession").objects.using(schema_editor.connection.alias)
    rows = sessions.filter(in_use_since__isnull=True).values_list("pk", "paired_at", "created_at")
    for pk, paired_at, created_at in list(rows):
        sessions.filter(pk=pk).update(in_use_since=min(at for at in (paired_at, created_at) if at is not None).date())


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0009_warm_up")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
