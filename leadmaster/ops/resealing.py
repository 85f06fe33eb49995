"""Everything that is sealed in the database, sealed anew with today's key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db.models import ExpressionWrapper, F, Model, TextField

from leadmaster.lib.crypto import SecretError
from leadmaster.lib.fields import EncryptedTextField

_BATCH: Final = 200


@dataclasses.dataclass
class ResealReport:
    """How many values bear today's key already, how many do now, and which open with no key that is known."""

    current: int = 0
    resealed: int = 0
    unreadable: list[str] = dataclasses.field(default_factory=list)


def reseal() -> ResealReport:
    """May run while everything works, and be repeated: what somebody changes meanwhile bears today's key by that."""
    report = ResealReport()
    for model, field in _sealed_columns():
        for pk, sealed in _kept(model, field):
            _reseal_one(model, field, pk, sealed, report)
    return report


def _sealed_columns() -> Iterator[tuple[type[Model], EncryptedTextField]]:
    for model in apps.get_models():
        if model._meta.proxy:
            continue
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field


def _kept(model: type[Model], field: EncryptedTextField) -> Iterator[tuple[Any, str]]:
    """By the key of the table, so many at a time, and as it is kept: reading the column itself would open it."""
    after: Any = None
    while True:
        rows = _raw(model, field).exclude(kept="").order_by("pk")
        if after is not None:
            rows = rows.filter(pk__gt=after)
        batch = list(rows.values_list("pk", "kept")[:_BATCH])
        yield from batch
        if len(batch) < _BATCH:
            return
        after = batch[-1][0]


def _raw(model: type[Model], field: EncryptedTextField) -> Any:
    kept = ExpressionWrapper(F(field.attname), output_field=TextField())
    return model._default_manager.annotate(kept=kept).filter(kept__isnull=False)


def _reseal_one(model: type[Model], field: EncryptedTextField, pk: Any, sealed: str, report: ResealReport) -> None:
    try:
        field.opened(sealed)
    except SecretError:
        pass
    else:
        report.current += 1
        return
    try:
        plain = field.opened(sealed, old_keys=settings.FIELD_ENCRYPTION_OLD_KEYS)
    except SecretError:
        report.unreadable.append(f"{model._meta.label_lower}.{field.attname} {pk}")
        return
    # Only what it was: whoever wrote another one meanwhile sealed it with today's key.
    report.resealed += _raw(model, field).filter(pk=pk, kept=sealed).update(**{field.attname: plain})
