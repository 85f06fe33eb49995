from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_attempt_tally"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="envio",
            index=models.Index(fields=["sent_at", "state", "campaign", "session", "ack"], name="envio_sent"),
        ),
        migrations.AddIndex(
            model_name="envio",
            index=models.Index(fields=["ended_at", "state", "campaign", "session"], name="envio_ended"),
        ),
    ]
