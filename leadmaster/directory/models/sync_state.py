"""How far each source has been read."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.fields import IdentifierField


class SyncState(models.Model):
    """One row per source. It changes in the same transaction as the clients it speaks of, so that a run that is killed
    at any moment goes on exactly where its last page was committed."""

    source = IdentifierField(_("origen"), max_length=32, unique=True)
    # Up to which `updated_at` of the source everything was read, in the source's own writing. Moves when a run ends.
    cursor = models.JSONField(null=True, default=None)
    # Who may write. A new run writes its own token, and the former one can't commit any further page.
    run = models.UUIDField(null=True, default=None, editable=False)
    # What the run at work has done so far; NULL when the last one ended.
    progress = models.JSONField(null=True, default=None)
    report = models.JSONField(_("informe"), default=dict)
    started_at = models.DateTimeField(_("empezó"), null=True)
    finished_at = models.DateTimeField(_("terminó"), null=True)

    class Meta:
        verbose_name = _("sincronización")
        verbose_name_plural = _("sincronizaciones")

    def __str__(self) -> str:
        return self.source
