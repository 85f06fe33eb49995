"""A key that was seen before gets the same answer and nothing new: one unique row per promoter, operation and key."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db import IntegrityError
from django.db.models import BigIntegerField, CharField, JSONField
from django.utils.translation import gettext as _

from leadmaster.lib.db.compiled import CompiledInsert, CompiledRow, CompiledUpdate, Param
from leadmaster.lib.db.retry import retrying
from opportunities.errors import Incomplete
from opportunities.models import AssignmentRequest, Promoter

Answer = TypeVar("Answer")

KEY_LENGTH = 64

_id = Param("id", BigIntegerField())
_answer = CompiledRow(
    lambda: AssignmentRequest.objects.filter(
        promoter_id=Param("promoter", BigIntegerField()), key=Param("key", CharField())
    ).values_list("answer")
)
_insert = CompiledInsert(AssignmentRequest)
_keep = CompiledUpdate(
    lambda: AssignmentRequest.objects.filter(id=_id),
    lot_id=Param("lot", BigIntegerField()),
    answer=Param("answer", JSONField()),
)


class Operation(enum.StrEnum):
    """What a key is of: one key of a person may serve one of each."""

    REQUEST = "pedido"
    CAPTURE = "captacion"
    CAMPAIGN = "campania"


def require_key(operation: Operation, key: str) -> None:
    """Raise Incomplete for a key that is missing or too long."""
    if key and len(key) <= KEY_LENGTH:
        return
    raise Incomplete(
        {
            Operation.REQUEST: _("Falta la clave del pedido, de hasta 64 caracteres."),
            Operation.CAPTURE: _("Falta la clave de la captación, de hasta 64 caracteres."),
            Operation.CAMPAIGN: _("Falta la clave de la campaña, de hasta 64 caracteres."),
        }[operation]
    )


def answered(promoter: Promoter, operation: Operation, key: str) -> dict[str, Any] | None:
    """What this key was answered; None for one that is new."""
    row = _answer(promoter=promoter.pk, key=_stored(operation, key))
    return None if row is None else dict(row[0])


def once(
    promoter: Promoter,
    operation: Operation,
    key: str,
    *,
    act: Callable[[], Answer],
    again: Callable[[Mapping[str, Any]], Answer],
) -> Answer:
    """Run `act`, a durable transaction that takes the key by `begin`; of two at the same moment the second one waits
    there, and gets the first one's answer through `again`. An IntegrityError of anything else is raised."""
    try:
        return retrying(act)
    except IntegrityError:
        winner = answered(promoter, operation, key)
        if winner is None:
            raise
        return again(winner)


def begin(promoter: Promoter, operation: Operation, key: str, *, now: dt.datetime) -> AssignmentRequest:
    """Take the key, in the transaction that acts. Raises IntegrityError for one that is taken."""
    return _insert(AssignmentRequest(promoter_id=promoter.pk, key=_stored(operation, key), at=now))


def keep(request: AssignmentRequest, answer: Mapping[str, Any], *, lot_id: int | None = None) -> None:
    """Write down what whoever repeats this key is told."""
    _keep(id=request.pk, lot=lot_id, answer=dict(answer))


def forget(promoter: Promoter, operation: Operation, key: str) -> None:
    """Nothing came of it: the key may be used again."""
    AssignmentRequest.objects.filter(promoter=promoter, key=_stored(operation, key)).delete()


def _stored(operation: Operation, key: str) -> str:
    return f"{operation}:{key}"
