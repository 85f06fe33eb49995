"""What an import read, took, refused and put right. The same report for a rehearsal, which writes nothing."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from typing import Any

from campaigns.diagnosis.phantoms import Run


@dataclasses.dataclass
class Count:
    """Of one table. `changed` came in once and says something else today: what people did here since is worth more."""

    read: int = 0
    taken: int = 0
    already: int = 0
    changed: int = 0
    refused: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remark:
    """One row, and why it did not come in or came in otherwise than it was."""

    table: str
    id: int | None
    code: str
    sentence: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class AccusedRun:
    """Phantoms of one campaign, with the evidence."""

    table: str
    campaign: int
    campaign_name: str
    run: Run
    looked_in: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Copies:
    """One person who got one message more than once."""

    client: int | None
    phone: str
    message: str
    copies: int
    first: dt.datetime | None
    last: dt.datetime | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class WrongCounter:
    """What the old database says of itself, and what its rows say."""

    table: str
    id: int
    field: str
    said: int
    counted: int


@dataclasses.dataclass(kw_only=True)
class Report:
    dry_run: bool
    source: str
    tables: dict[str, Count] = dataclasses.field(default_factory=lambda: collections.defaultdict(Count))
    missing: list[str] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    refused: list[Remark] = dataclasses.field(default_factory=list)
    corrected: list[Remark] = dataclasses.field(default_factory=list)
    changed: list[Remark] = dataclasses.field(default_factory=list)
    phantoms: list[AccusedRun] = dataclasses.field(default_factory=list)
    # By table: how many of its rows that said "sent" came in as what.
    sent: dict[str, collections.Counter[str]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(collections.Counter)
    )
    states: dict[str, collections.Counter[str]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(collections.Counter)
    )
    invisible: list[int] = dataclasses.field(default_factory=list)
    copies: list[Copies] = dataclasses.field(default_factory=list)
    counters: list[WrongCounter] = dataclasses.field(default_factory=list)

    @property
    def phantom_count(self) -> int:
        return sum(len(accused.run.ids) for accused in self.phantoms)

    @property
    def taken(self) -> int:
        return sum(count.taken for count in self.tables.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "dry_run": self.dry_run,
            "source": self.source,
            "tables": {name: dataclasses.asdict(count) for name, count in self.tables.items()},
            "missing_tables": self.missing,
            "warnings": self.warnings,
            "phantoms": {
                "count": self.phantom_count,
                "runs": [
                    {
                        "table": accused.table,
                        "campaign": accused.campaign,
                        "campaign_name": accused.campaign_name,
                        "looked_for_proof_in": list(accused.looked_in),
                        **accused.run.as_json(),
                    }
                    for accused in self.phantoms
                ],
            },
            "sent": {table: dict(counts) for table, counts in self.sent.items()},
            "states": {table: dict(counts) for table, counts in self.states.items()},
            "invisible_opportunities": {"count": len(self.invisible), "ids": self.invisible},
            "duplicates": {"people": len(self.copies), "list": [_plain(copies) for copies in self.copies]},
            "counters": [dataclasses.asdict(counter) for counter in self.counters],
            "refused": [dataclasses.asdict(remark) for remark in self.refused],
            "corrected": [dataclasses.asdict(remark) for remark in self.corrected],
            "changed_since": [dataclasses.asdict(remark) for remark in self.changed],
        }


def _plain(copies: Copies) -> dict[str, Any]:
    plain = dataclasses.asdict(copies)
    return plain | {
        name: moment.isoformat(sep=" ") for name in ("first", "last") if (moment := plain[name]) is not None
    }
