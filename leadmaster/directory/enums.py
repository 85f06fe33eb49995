"""The directory's stored words."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Availability(models.TextChoices):
    """The desk's word on a client; a synchronisation never touches it."""

    FREE = "libre", _("Libre")
    POOL = "pool", _("En el pool")
    TAKEN = "tomado", _("Tomado")
    CLOSED = "cerrado", _("Cerrado")


class ContactKind(models.TextChoices):
    PHONE = "telefono", _("Teléfono")
    EMAIL = "correo", _("Correo")
