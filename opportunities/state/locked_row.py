"""What the desk's rules need to know of an opportunity that is locked: less than a row of the ORM, and much cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from django.db.models import BigIntegerField

from leadmaster.lib.db.compiled import params

_NUMBER = BigIntegerField()


class OpportunityLike(Protocol):
    """An opportunity, or what is known of one."""

    @property
    def pk(self) -> int: ...
    @property
    def client_id(self) -> int: ...
    @property
    def owner_id(self) -> int | None: ...
    @property
    def stage_id(self) -> int | None: ...


class LockedOpportunity(NamedTuple):
    """An active opportunity that this transaction holds, with its client."""

    pk: int
    client_id: int
    owner_id: int | None
    stage_id: int | None


def padded_size(numbers: Sequence[int]) -> int:
    """Of how many parameters the statement is that takes these: few sizes, so that few statements are compiled."""
    return 1 << (len(numbers) - 1).bit_length()


def padded(numbers: Sequence[int]) -> list[int]:
    """These numbers, at least one of them, the last one again and again up to `padded_size`. An IN does not mind."""
    return [*numbers, *[numbers[-1]] * (padded_size(numbers) - len(numbers))]


def number_params(name: str, size: int) -> list[Any]:
    return params(name, _NUMBER, size)
