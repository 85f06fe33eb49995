"""Model fields that the apps share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from leadmaster.lib.crypto import seal, unseal

if TYPE_CHECKING:
    EncryptedBase = models.TextField[str, str]
else:
    EncryptedBase = models.TextField


class EncryptedTextField(EncryptedBase):
    """A text that is plain in Python and sealed in the database. It can't be searched."""

    def _context(self) -> str:
        return f"{self.model._meta.label_lower}.{self.attname}"

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value and seal(value, key_hex=settings.FIELD_ENCRYPTION_KEY, context=self._context())

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return value and unseal(value, key_hex=settings.FIELD_ENCRYPTION_KEY, context=self._context())
