from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0003_identifiers"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="reminded_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
