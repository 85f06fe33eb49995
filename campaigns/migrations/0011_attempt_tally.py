from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0010_pacing_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="AttemptTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("upto", models.PositiveBigIntegerField(default=0)),
                ("figures", models.JSONField(default=dict)),
                ("counted_at", models.DateTimeField(verbose_name="contados")),
            ],
            options={
                "verbose_name": "suma de intentos",
                "verbose_name_plural": "sumas de intentos",
                "default_permissions": (),
            },
        ),
    ]
