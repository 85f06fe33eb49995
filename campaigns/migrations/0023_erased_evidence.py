"""An envío whose person's data was erased has its line of history."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0022_comeback"),
    ]

    operations = [
        migrations.AlterField(
            model_name="envioevent",
            name="evidence",
            field=models.CharField(
                choices=[
                    ("persona", "Decisión de una persona"),
                    ("aviso", "Aviso del gateway"),
                    ("consulta", "Consulta al gateway"),
                    ("respuesta_tardia", "Respuesta tardía del gateway"),
                    ("plazo", "Venció el plazo del intento"),
                    ("campania", "Cambio en la campaña"),
                    ("baja", "El número pidió no recibir mensajes"),
                    ("retirado", "El cliente cambió de manos"),
                    ("restauracion", "La base volvió de un respaldo"),
                    ("conciliacion", "Lo encontró una conciliación"),
                    ("importacion", "Vino del sistema anterior"),
                    ("borrado", "Se borraron los datos de la persona"),
                ],
                max_length=20,
                verbose_name="por",
            ),
        ),
    ]
