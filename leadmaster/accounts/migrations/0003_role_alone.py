"""Superusers of another role than administrator were demoted and kept everything: the role decides.

Tokens that lay in plain text end here: programs ask for a new one.
"""

from django.db import migrations


def clear_superusers(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    others = users.filter(is_superuser=True).exclude(role="administrador")
    if not users.filter(role="administrador", is_active=True).exists():
        # Nobody else could let anybody in.
        others.filter(is_active=True).update(role="administrador", is_staff=True)
    others.update(is_superuser=False)
    users.exclude(role="promotor").update(is_staff=True)
    users.filter(role="promotor").update(is_staff=False)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_passwords_and_tokens")]

    operations = [
        migrations.RunPython(clear_superusers, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL("DROP TABLE IF EXISTS authtoken_token", migrations.RunSQL.noop, elidable=True),
    ]
