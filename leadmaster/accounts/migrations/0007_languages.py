"""The language of teams and persons, and names in one writing. A team reads the language of the country that it works in."""

from django.conf import settings
from django.db import migrations, models

from leadmaster.accounts.languages import of_zone

LANGUAGES = [("es", "Español"), ("es-ar", "Español (Argentina)"), ("pt-br", "Português (Brasil)"), ("en", "English")]


def fill_teams(apps, schema_editor):
    Team = apps.get_model("accounts", "Team")
    Calendar = apps.get_model("calendars", "OperatingCalendar")
    zones = dict(Calendar.objects.values_list("team", "time_zone"))
    general = Calendar.objects.filter(is_general=True).values_list("time_zone", flat=True).first()
    for team in Team.objects.all():
        team.language = of_zone(zones.get(team.pk) or general or settings.TIME_ZONE)
        team.save(update_fields=["language"])


def write_names_in_one_way(apps, schema_editor):
    """Whose name in small letters is somebody else's keeps it, and goes on logging in with it as it is written."""
    User = apps.get_model("accounts", "User")
    names = dict(User.objects.values_list("pk", "username"))
    taken = set(names.values())
    for pk, name in names.items():
        if name.lower() not in taken:
            User.objects.filter(pk=pk).update(username=name.lower())
            taken.add(name.lower())


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_devices"),
        ("calendars", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="team",
            name="language",
            field=models.CharField(
                blank=True,
                choices=LANGUAGES,
                default="",
                help_text="El de sus pantallas, para quien no eligió otro. Vacío: el que pida el navegador de cada persona.",
                max_length=8,
                verbose_name="idioma",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                choices=LANGUAGES,
                default="",
                help_text="Vacío: el de su equipo.",
                max_length=8,
                verbose_name="idioma",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(fill_teams, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(write_names_in_one_way, migrations.RunPython.noop, elidable=True),
    ]
