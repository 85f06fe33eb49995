"""What became of the attempts, how late they left and how long gateways took, in sums that only grow.

The sums are of a row that `roll_up` carries on every minute, and of the few attempts since then, counted by whoever
asks. So they are the same whoever asks, on any machine, and cost the same over ten attempts and ten million. An attempt
is counted once it is closed. One that a proof closes anew later stays counted as it was: a sum that goes back would be
read as a restart.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from django.db import transaction

from campaigns.enums import AttemptOutcome
from campaigns.models import Attempt, AttemptTally
from leadmaster.lib.db.retry import retrying

# Upper bounds, in seconds.
LATE_BOUNDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
ANSWER_BOUNDS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0, 90.0)
_THE_ONE: Final = 1
_BATCH: Final = 20_000
# A claim is committed within this time: until then a lower id may still come to light behind a higher one.
_COMMITTED: Final = dt.timedelta(minutes=5)
# What is open for so long is nobody's any more; `reconcile` tells of it.
_ABANDONED: Final = dt.timedelta(hours=1)


@dataclasses.dataclass
class Spread:
    """How many values fell below each bound, the last being without one, and their sum."""

    bounds: tuple[float, ...]
    counts: list[int]
    total: float = 0.0

    @classmethod
    def of(cls, bounds: tuple[float, ...], kept: dict[str, Any] | None) -> Spread:
        counts = list(kept["counts"]) if kept else []
        # Written with other bounds by another version: begun anew.
        if len(counts) != len(bounds) + 1 or kept is None:
            return cls(bounds, [0] * (len(bounds) + 1))
        return cls(bounds, counts, float(kept["total"]))

    def add(self, seconds: float) -> None:
        self.counts[bisect.bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def as_json(self) -> dict[str, Any]:
        return {"counts": self.counts, "total": round(self.total, 3)}


@dataclasses.dataclass
class Figures:
    """The sums. `late` is from when it was a message's turn until it left; `answers` what the gateway then took."""

    outcomes: dict[AttemptOutcome, int]
    late: Spread
    answers: Spread

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Figures:
        outcomes = kept.get("outcomes", {})
        return cls(
            outcomes={one: int(outcomes.get(one.value, 0)) for one in AttemptOutcome if one is not AttemptOutcome.OPEN},
            late=Spread.of(LATE_BOUNDS, kept.get("late")),
            answers=Spread.of(ANSWER_BOUNDS, kept.get("answers")),
        )

    def add(self, row: Row) -> None:
        self.outcomes[row.outcome] += 1
        if row.dispatched_at is None:
            return
        if row.due_at is not None:
            self.late.add(max(0.0, (row.dispatched_at - row.due_at).total_seconds()))
        if row.duration_ms is not None:
            self.answers.add(row.duration_ms / 1000)

    def as_json(self) -> dict[str, Any]:
        return {
            "outcomes": {one.value: number for one, number in self.outcomes.items()},
            "late": self.late.as_json(),
            "answers": self.answers.as_json(),
        }


@dataclasses.dataclass(frozen=True)
class Row:
    pk: int
    outcome: AttemptOutcome
    due_at: dt.datetime | None
    claimed_at: dt.datetime
    dispatched_at: dt.datetime | None
    duration_ms: int | None


def current() -> Figures:
    """The sums up to now. Two queries."""
    kept = AttemptTally.objects.filter(pk=_THE_ONE).first()
    if kept is None:
        return Figures.of({})
    figures = Figures.of(kept.figures)
    for row in _after(kept.upto):
        if row.outcome is not AttemptOutcome.OPEN:
            figures.add(row)
    return figures


def roll_up(now: dt.datetime) -> int:
    """Carry the row on; returns by how many attempts. Two at once do no harm."""
    if not AttemptTally.objects.filter(pk=_THE_ONE).exists():
        newest = Attempt.objects.order_by("-id").values_list("id", flat=True).first()
        AttemptTally.objects.get_or_create(pk=_THE_ONE, defaults={"upto": newest or 0, "counted_at": now})
    return retrying(lambda: _roll_up(now))


@transaction.atomic(durable=True)
def _roll_up(now: dt.datetime) -> int:
    kept = AttemptTally.objects.select_for_update().get(pk=_THE_ONE)
    figures, counted = Figures.of(kept.figures), 0
    for row in _after(kept.upto):
        if row.claimed_at > now - _COMMITTED:
            break
        if row.outcome is not AttemptOutcome.OPEN:
            figures.add(row)
            counted += 1
        elif row.claimed_at > now - _ABANDONED:
            break
        kept.upto = row.pk
    kept.figures, kept.counted_at = figures.as_json(), now
    kept.save(update_fields=["upto", "figures", "counted_at"])
    return counted


def _after(pk: int) -> Iterator[Row]:
    """So many of the attempts after this one, in their order: through the primary key."""
    columns = ("id", "outcome", "due_at", "claimed_at", "dispatched_at", "duration_ms")
    rows = Attempt.objects.filter(id__gt=pk).order_by("id").values_list(*columns)
    for number, outcome, *times, duration in rows[:_BATCH].iterator(chunk_size=2_000):
        due_at, claimed_at, dispatched_at = times
        yield Row(number, AttemptOutcome(outcome), due_at, claimed_at, dispatched_at, duration)
