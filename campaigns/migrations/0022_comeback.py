from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0021_fill_person_rest"),
    ]

    operations = [
        migrations.AddField(
            model_name="senderswitch",
            name="cap",
            field=models.PositiveSmallIntegerField(editable=False, null=True, verbose_name="límite a prueba"),
        ),
        migrations.AddField(
            model_name="senderswitch",
            name="used_before",
            field=models.JSONField(default=dict, editable=False),
        ),
    ]
