"""What somebody looks for in their list again and again, under a name of their own."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from opportunities.enums import OpportunityState
from opportunities.models.stage import Stage

LONGEST_NAME: Final = 40
LONGEST_SEARCH: Final = 80


class SavedFilter(models.Model):
    """One person's. Written by `opportunities.saved_filters` alone."""

    user = models.ForeignKey(
        User, models.CASCADE, related_name="saved_filters", verbose_name=_("persona"), db_index=False
    )
    name = models.CharField(_("nombre"), max_length=LONGEST_NAME)
    listed_state = models.CharField(
        _("estado"), max_length=16, choices=OpportunityState, default=OpportunityState.ACTIVE
    )
    stage = models.ForeignKey(Stage, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("etapa"))
    # As it was called when it was chosen: a filter whose stage is gone says which one it was.
    stage_name = models.CharField(max_length=80, blank=True, editable=False)
    search = models.CharField(_("búsqueda"), max_length=LONGEST_SEARCH, blank=True)
    created_at = models.DateTimeField(_("creado"))

    class Meta:
        verbose_name = _("filtro guardado")
        verbose_name_plural = _("filtros guardados")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_filter_once"),
            models.CheckConstraint(
                condition=Q(listed_state__in=OpportunityState.values), name="saved_filter_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_gone(self) -> bool:
        """Whether it asks for a stage that the funnel has no longer. The stage is there already."""
        return bool(self.stage_name) and (self.stage is None or not self.stage.active)
