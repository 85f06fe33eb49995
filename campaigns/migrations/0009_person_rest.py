import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0008_historical"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="person_rest",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="No le escribe a quien otra campaña le escribió hace menos horas. Vacío: lo normal; 0: sin descanso.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(720)],
                verbose_name="descanso entre campañas (h)",
            ),
        ),
        migrations.CreateModel(
            name="PersonRest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("phone", models.CharField(max_length=20, unique=True, verbose_name="teléfono")),
                ("written_at", models.DateTimeField(verbose_name="escrito")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                        verbose_name="campaña",
                    ),
                ),
            ],
            options={
                "verbose_name": "descanso de una persona",
                "verbose_name_plural": "descansos de personas",
                "default_permissions": (),
            },
        ),
    ]
