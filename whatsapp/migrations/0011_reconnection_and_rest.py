"""Lines that come back by themselves, and lines that rest: `whatsapp.reconnection`, `campaigns.line_rest`."""

import django.core.validators
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0010_fill_in_use_since"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="sessionevent",
            name="session_event_kind_known",
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="closed_at",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="desconectada por una persona"
            ),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="closed_reason",
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="idle_after",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Vuelve sola antes de que se abra la ventana de una campaña. Mientras descansa no recibe respuestas. Lo normal son 30; vacío: no se desconecta.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(5),
                    django.core.validators.MaxValueValidator(1440),
                ],
                verbose_name="minutos sin uso hasta desconectarla",
            ),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="reconnect_at",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="próximo intento de conexión"
            ),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="reconnect_tries",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="whatsappsession",
            name="rested_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="en reposo desde"),
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
                    ("conectada", "Conectada por una persona"),
                    ("desconectada", "Desconectada por una persona"),
                    ("reposo", "En reposo por falta de uso"),
                    ("despierta", "Vuelve del reposo"),
                    ("otra_cuenta", "Escaneó otro número: se cerró su sesión"),
                    ("otro_numero", "Cambia de número"),
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
                            "conectada",
                            "desconectada",
                            "reposo",
                            "despierta",
                            "otra_cuenta",
                            "otro_numero",
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
