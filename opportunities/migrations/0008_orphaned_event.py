"""An opportunity whose promoter left waits in the inbox: one more kind of history lines."""

from __future__ import annotations

from django.db import migrations, models

_KINDS = [
    ("asignada", "Asignada"),
    ("captada", "Captada"),
    ("etapa", "Cambio de etapa"),
    ("salida", "Salida"),
    ("vencida", "Venció el plazo"),
    ("reasignada", "Reasignada"),
    ("al_pool", "Devuelta al pool"),
    ("devuelta", "Devuelta a su promotor"),
    ("venta", "Venta"),
    ("venta_corregida", "Venta corregida"),
    ("venta_anulada", "Venta anulada"),
    ("cerrada", "Cerrada"),
    ("prorroga", "Prórroga"),
    ("plazo", "Cambio de plazo"),
    ("nota", "Nota"),
    ("deshecha", "Deshecho"),
    ("conciliacion", "Conciliación"),
    ("sin_promotor", "Quedó sin promotor"),
]


class Migration(migrations.Migration):
    dependencies = [("opportunities", "0007_identifiers")]

    operations = [
        migrations.RemoveConstraint(model_name="opportunityevent", name="event_kind_known"),
        migrations.AlterField(
            model_name="opportunityevent",
            name="kind",
            field=models.CharField(choices=_KINDS, max_length=16, verbose_name="qué"),
        ),
        migrations.AddConstraint(
            model_name="opportunityevent",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=[kind for kind, _label in _KINDS]), name="event_kind_known"
            ),
        ),
    ]
