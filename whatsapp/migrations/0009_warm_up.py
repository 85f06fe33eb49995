"""The ramp of a line's daily limit: see `whatsapp.warm_up`."""

import django.core.validators
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0008_half_deaf"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="sessionevent",
            name="session_event_kind_known",
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="in_use_since",
            field=models.DateField(
                blank=True,
                help_text="Si el número ya enviaba antes de llegar aquí: así no empieza de cero. Vacío: es nuevo.",
                null=True,
                verbose_name="en uso desde",
            ),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="warm_up_day",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="warm_up_start",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Crece cada día que sale bien, hasta el límite. Vacío: lo normal; 0: desde el primer día el límite.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(100000)],
                verbose_name="mensajes del primer día",
            ),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="warm_up_step",
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="sessionevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("nuevos_despacio", "Contactos nuevos más despacio"),
                    ("nuevos_detenidos", "Contactos nuevos detenidos"),
                    ("nuevos_permitidos", "Contactos nuevos permitidos de nuevo"),
                    ("pausa_quitada", "Pausa quitada"),
                    ("sin_acuses", "Frenada: no confirma lo que envía"),
                    ("oida", "Volvió a confirmar"),
                    ("acuses_dados", "Freno soltado"),
                    ("ritmo_desde_cero", "Empieza a tomar ritmo"),
                    ("ritmo_sube", "Más mensajes por día"),
                    ("ritmo_espera", "Sigue igual: el último día no alcanza para subir"),
                    ("ritmo_baja", "Menos mensajes por día"),
                    ("ritmo_completo", "Llegó a su límite diario"),
                    ("ritmo_dado", "Límite completo por decisión"),
                ],
                max_length=20,
                verbose_name="qué",
            ),
        ),
        migrations.AddConstraint(
            model_name="sessionevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "nuevos_despacio",
                            "nuevos_detenidos",
                            "nuevos_permitidos",
                            "pausa_quitada",
                            "sin_acuses",
                            "oida",
                            "acuses_dados",
                            "ritmo_desde_cero",
                            "ritmo_sube",
                            "ritmo_espera",
                            "ritmo_baja",
                            "ritmo_completo",
                            "ritmo_dado",
                        ],
                    )
                ),
                name="session_event_kind_known",
            ),
        ),
    ]
