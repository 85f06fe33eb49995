"""A person that the company may work with, and the ways to reach them."""

from __future__ import annotations

import zlib
from typing import Any, ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from leadmaster.directory.enums import Availability, ContactKind
from leadmaster.directory.querysets import ClientQuerySet
from leadmaster.lib.fields import IdentifierField

SHARDS: Final = 64


def shard_of(external_id: str) -> int:
    """Which of the 64 parts of the directory a client lies in: the same on every machine, for ever."""
    return zlib.crc32(external_id.encode()) % SHARDS


class Client(models.Model):
    """One row of the directory.

    What comes from outside is overwritten by each synchronisation. `availability` is the desk's own and is not. A
    client that the source no longer has keeps its row and its history, and gets `gone_at`: it is not drawn any more.
    """

    source = IdentifierField(_("origen"), max_length=32)
    external_id = IdentifierField(_("id externo"), max_length=64)
    name = models.CharField(_("nombre"), max_length=160, blank=True)
    last_names = models.CharField(_("apellidos"), max_length=160, blank=True)
    tax_id = models.CharField(_("RFC"), max_length=20, blank=True)
    # Facets are short so that the indexes below stay narrow.
    agreement = models.CharField(_("convenio"), max_length=80, blank=True)
    province = models.CharField(_("estado"), max_length=80, blank=True)
    city = models.CharField(_("municipio"), max_length=80, blank=True)
    client_type = models.CharField(_("tipo de cliente"), max_length=40, blank=True)
    capacity = models.DecimalField(_("capacidad"), max_digits=14, decimal_places=2, null=True, blank=True)
    registered_on = models.DateField(_("fecha de alta"), null=True, blank=True)
    external_updated_at = models.DateTimeField(_("actualizado en el origen"), null=True, blank=True)
    availability = models.CharField(_("disponibilidad"), max_length=8, choices=Availability, default=Availability.FREE)
    shard = models.PositiveSmallIntegerField(editable=False)
    # What the source last said, so that an unchanged row costs no write and no look at its contacts.
    digest = IdentifierField(max_length=32, blank=True, editable=False)
    gone_at = models.DateTimeField(_("ya no está en el origen"), null=True, blank=True)
    # Their data was erased: what the source says of them is not written down again.
    erased_at = models.DateTimeField(_("datos borrados"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("creado"))
    updated_at = models.DateTimeField(_("actualizado"))

    objects: ClassVar[ClientQuerySet] = ClientQuerySet.as_manager()  # type: ignore[assignment]  # Django makes a manager of it

    class Meta:
        verbose_name = _("cliente")
        verbose_name_plural = _("clientes")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="client_once_per_source"),
            models.CheckConstraint(condition=Q(availability__in=Availability.values), name="client_availability_known"),
            models.CheckConstraint(condition=Q(shard__range=(0, SHARDS - 1)), name="client_shard_in_range"),
        ]
        # The first five have one reader: the desk's draw, and the counts of its filter options. It walks one availability
        # from a shard on, in the order of (shard, id), with none, one or two facets fixed. `gone_at` is there so that
        # counting asks nothing of the rows themselves.
        indexes = [
            models.Index(fields=["availability", "shard", "id", "gone_at"], name="client_free"),
            models.Index(fields=["availability", "province", "shard", "id", "gone_at"], name="client_free_province"),
            models.Index(fields=["availability", "agreement", "shard", "id", "gone_at"], name="client_free_agreement"),
            models.Index(fields=["availability", "client_type", "shard", "id", "gone_at"], name="client_free_type"),
            models.Index(
                fields=["availability", "province", "city", "shard", "id", "gone_at"], name="client_free_city"
            ),
            # Reader: whoever looks a person up by the beginning of a name. The source's id has its unique index.
            models.Index(fields=["name", "last_names"], name="client_by_name"),
            models.Index(fields=["last_names", "name"], name="client_by_last_names"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.external_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Inserts in bulk don't come here: they set the shard themselves."""
        self.shard = shard_of(self.external_id)
        super().save(*args, **kwargs)

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.last_names}".strip()


class ContactPoint(models.Model):
    """A phone or a mail of a client, as the source wrote it and as it is used."""

    Kind = ContactKind

    client = models.ForeignKey(
        Client, models.CASCADE, related_name="contacts", verbose_name=_("cliente"), db_index=False
    )
    kind = models.CharField(_("tipo"), max_length=8, choices=ContactKind)
    # The source's own word for it: celular, trabajo, casa.
    label = models.CharField(_("etiqueta"), max_length=40, blank=True)
    raw = models.CharField(_("como vino"), max_length=160)
    # E.164 or a mail in lower case; empty when the text is neither.
    normalised = models.CharField(_("valor"), max_length=160, blank=True)
    is_primary = models.BooleanField(_("principal"), default=False)
    is_valid = models.BooleanField(_("válido"), default=True)
    # The order in which to try them.
    position = models.PositiveSmallIntegerField(_("orden"), default=0)
    # Whoever of ours wrote it down. The source did not: its synchronisation leaves it, and takes it over where it says
    # the same.
    added_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("agregado por"),
        db_index=False,
        editable=False,
    )

    class Meta:
        verbose_name = _("dato de contacto")
        verbose_name_plural = _("datos de contacto")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ContactKind.values), name="contact_kind_known"),
            models.CheckConstraint(condition=Q(is_valid=False) | ~Q(normalised=""), name="contact_valid_has_a_value"),
        ]
        indexes = [
            # Whose phone is this? Captures, replies and opt-outs come with nothing but a number.
            models.Index(fields=["normalised"], name="contact_by_value"),
            # Reader: whether a client opted out, asked for every client that a draw may offer.
            models.Index(fields=["client", "normalised"], name="contact_of_client"),
        ]

    def __str__(self) -> str:
        return self.normalised or self.raw
