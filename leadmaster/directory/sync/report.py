"""What a synchronisation found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

_EXAMPLES = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class SyncReport:
    """Counts of clients, but for the last three, which are single values of new and changed clients.

    `repeated` rows came with an id of the same page, or of the same file: the last one counts. `misfits` are rows of a
    file that don't line up with its columns, which are not taken; their clients are not gone. `unreachable` have no phone that can be written to. `undated` came without `updated_at`, `ahead` with one that has
    not come yet. `examples` are a few of the invalid phones: (client, as written, why). `ignored` are columns of a file that nothing is read from.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    returned: int = 0
    gone: int = 0
    without_id: int = 0
    repeated: int = 0
    misfits: int = 0
    undated: int = 0
    ahead: int = 0
    unreachable: int = 0
    contacts: int = 0
    invalid_phones: int = 0
    invalid_mails: int = 0
    unreadable: int = 0
    examples: tuple[tuple[str, str, str], ...] = ()
    ignored: tuple[str, ...] = ()

    def __add__(self, other: SyncReport) -> SyncReport:
        sums = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        examples = (self.examples + other.examples)[:_EXAMPLES]
        return SyncReport(**sums, examples=examples, ignored=self.ignored or other.ignored)

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Self:
        counts = {name: int(saved.get(name, 0)) for name in COUNTS}
        examples = tuple((str(who), str(raw), str(why)) for who, raw, why in saved.get("examples", ()))
        return cls(**counts, examples=examples, ignored=tuple(map(str, saved.get("ignored", ()))))


COUNTS = tuple(field.name for field in dataclasses.fields(SyncReport) if field.name not in {"examples", "ignored"})
