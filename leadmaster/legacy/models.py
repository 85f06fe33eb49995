"""What came in from where: one line per row of the old database."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportedRow(models.Model):
    """Written in the transaction of what it speaks of. `target` is the new row's id; a digest tells a changed row."""

    # Which old database: two may have rows of the same number.
    source = models.CharField(_("base"), max_length=40)
    table = models.CharField(_("tabla"), max_length=40)
    legacy_id = models.BigIntegerField(_("id anterior"))
    target = models.BigIntegerField(_("id nuevo"))
    digest = models.CharField(max_length=32)
    imported_at = models.DateTimeField(_("importada"))

    class Meta:
        verbose_name = _("fila importada")
        verbose_name_plural = _("filas importadas")
        constraints = [models.UniqueConstraint(fields=["source", "table", "legacy_id"], name="imported_row_once")]

    def __str__(self) -> str:
        return f"{self.source}.{self.table}.{self.legacy_id}"
