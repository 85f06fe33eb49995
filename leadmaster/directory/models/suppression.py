"""The numbers that asked us not to write: the one truth about opt-outs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.crypto import keyed_hash
from leadmaster.lib.fields import IdentifierField


def phone_keys(phone: str) -> tuple[str, ...]:
    """What is kept of an erased E.164 phone: it tells whether another one is the same, and no number.

    Today's, which is written, and what the keys of before made of it.
    """
    return _keys(phone, "erased.phone")


def lid_keys(lid: str) -> tuple[str, ...]:
    """The same of the id by which WhatsApp names people whose number it does not tell."""
    return _keys(lid, "erased.lid")


def _keys(text: str, context: str) -> tuple[str, ...]:
    keys = (settings.FIELD_ENCRYPTION_KEY, *settings.FIELD_ENCRYPTION_OLD_KEYS)
    return tuple(keyed_hash(text, key_hex=key, context=context) for key in keys)


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def among(self, phones: Iterable[str]) -> set[str]:
        """Which of these E.164 phones are suppressed, or were erased. Two queries in one."""
        keys = {key: phone for phone in phones for key in phone_keys(phone)}
        named = self.filter(phone__in=set(keys.values())).order_by().values_list("phone", flat=True)
        erased = ErasedPhone.objects.filter(digest__in=list(keys)).values_list("digest", flat=True)
        return {keys.get(found, found) for found in named.union(erased)}

    def holding(self, phone: str) -> Suppression | None:
        """What keeps us from writing to this phone; of an erased one a row that is not saved. One query or two."""
        row = self.filter(phone=phone).first()
        if row is None and ErasedPhone.objects.filter(digest__in=phone_keys(phone)).exists():
            return Suppression(phone=phone, source=Suppression.Source.PERSON)
        return row

    def in_doubt(self) -> Self:
        """Those about whom a person has to say whether they asked for it."""
        return self.filter(source=Suppression.Source.DOUBT)


class ErasedPhone(models.Model):
    """Whose data was erased: they get nothing more from us, whatever list they come with. Only a keyed hash is kept."""

    digest = IdentifierField(max_length=32, unique=True)
    erased_at = models.DateTimeField(_("borrado"))

    class Meta:
        verbose_name = _("número borrado")
        verbose_name_plural = _("números borrados")
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest


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
        # Reader: who asked for silence on a day.
        indexes = [models.Index(fields=["created_at"], name="suppression_created")]
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
        # Reader: who had asked for silence on a day.
        indexes = [models.Index(fields=["suppressed_at"], name="suppression_lift_since")]

    def __str__(self) -> str:
        return self.phone
