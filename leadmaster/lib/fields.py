"""Model fields that the apps share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups

from leadmaster.lib.crypto import seal, unseal

# As Django's own fields: a column that may be NULL is None in Python.
_Set_contra = TypeVar("_Set_contra", contravariant=True)
_Get_co = TypeVar("_Get_co", covariant=True)

if TYPE_CHECKING:
    EncryptedBase = models.TextField[str, str]

    class IdentifierBase(models.CharField[_Set_contra, _Get_co]):
        pass

else:
    EncryptedBase = models.TextField

    class IdentifierBase(models.CharField):
        def __class_getitem__(cls, _types):
            return cls


class EncryptedTextField(EncryptedBase):
    """A text that is plain in Python and sealed in the database. It can't be searched."""

    def _context(self) -> str:
        return f"{self.model._meta.label_lower}.{self.attname}"

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value and seal(value, key_hex=settings.FIELD_ENCRYPTION_KEY, context=self._context())

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return value and self.opened(value, old_keys=settings.FIELD_ENCRYPTION_OLD_KEYS)

    def opened(self, sealed: str, *, old_keys: Sequence[str] = ()) -> str:
        """What is kept in this column as `sealed`. Raises SecretError."""
        return unseal(sealed, key_hex=settings.FIELD_ENCRYPTION_KEY, context=self._context(), old_keys=old_keys)


class IdentifierField(IdentifierBase[_Set_contra, _Get_co]):
    """A text that a machine made: an id, a key, a digest. Two of them are one when they are the same byte by byte.

    MariaDB and MySQL would take `3EB0a` for `3eb0A`, and leave blanks at the end out of it; SQLite compares as told.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        return {**super().db_parameters(connection), "collation": bytewise(connection)}


def bytewise(connection: BaseDatabaseWrapper) -> str | None:
    """The collation that compares bytes and pads nothing, where there are others."""
    if connection.vendor != "mysql":
        return None
    return "utf8mb4_nopad_bin" if getattr(connection, "mysql_is_mariadb", False) else "utf8mb4_0900_bin"


class _InAnyCase(lookups.PatternLookup):
    """Whoever looks an id up by hand types it as they like: by the comparison that the server has for texts."""

    def process_lhs(self, compiler: Any, connection: BaseDatabaseWrapper, lhs: Any = None) -> Any:
        sql, params = super().process_lhs(compiler, connection, lhs)
        return (f"{sql} COLLATE utf8mb4_general_ci" if connection.vendor == "mysql" else sql), params


@IdentifierField.register_lookup
class _Contains(_InAnyCase, lookups.IContains):
    pass


@IdentifierField.register_lookup
class _StartsWith(_InAnyCase, lookups.IStartsWith):
    pass


@IdentifierField.register_lookup
class _Exact(_InAnyCase, lookups.IExact):
    pass
