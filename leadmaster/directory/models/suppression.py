"""The numbers that asked us not to write: the one truth about opt-outs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def among(self, phones: Iterable[str]) -> set[str]:
        """Which of these E.164 phones are suppressed. One query."""
        return set(self.filter(phone__in=list(phones)).values_list("phone", flat=True))

    def in_doubt(self) -> Self:
        """Those about whom a person has to say whether they asked for it."""
        return self.filter(source=Suppression.Source.DOUBT)


class Suppression(models.Model):
    """A number that gets nothing more from us, in any campaign of any session."""

    class Source(models.TextChoices):
        REPLY = "respuesta", _("Lo pidió por mensaje")
        PERSON = "persona", _("Lo cargó una persona")
        FILE = "archivo", _("Lista importada")
        DOUBT = "duda", _("¿Pidió la baja?")

    phone = models.CharField(_("teléfono"), max_length=20, unique=True)
    source = models.CharField(_("origen"), max_length=16, choices=Source)
    reason = models.CharField(_("motivo"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("desde"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("cargado por")
    )
    # They wrote ALTA: it waits for a person.
    asked_back_at = models.DateTimeField(_("pidió volver"), null=True, blank=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("número excluido")
        verbose_name_plural = _("números excluidos")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source__in=["respuesta", "persona", "archivo", "duda"]),
                name="suppression_source_known",
            )
        ]

    def __str__(self) -> str:
        return self.phone

    @property
    def in_doubt(self) -> bool:
        return self.source == self.Source.DOUBT


class SuppressionLift(models.Model):
    """An exclusion that a person ended, with who and why; what it was is written down, for its row is gone."""

    phone = models.CharField(_("teléfono"), max_length=20, db_index=True)
    source = models.CharField(_("origen"), max_length=16, choices=Suppression.Source)
    suppressed_reason = models.CharField(_("motivo de la exclusión"), max_length=200, blank=True)
    suppressed_at = models.DateTimeField(_("excluido desde"))
    suppressed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("excluido por"),
    )
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("levantada por")
    )
    reason = models.CharField(_("motivo"), max_length=300)
    lifted_at = models.DateTimeField(_("cuándo"))

    class Meta:
        verbose_name = _("exclusión levantada")
        verbose_name_plural = _("exclusiones levantadas")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.phone
