"""Which old "sent" rows are marks of a scheduler and no messages: found by their rhythm, never by their ids.

The predecessor wrote `enviado` first and sent afterwards. While its line was down, each run of its scheduler (one a
minute) marked one row and failed. That leaves a trace which real sending does not: a mark a minute, each at the same
second, for as long as the line was down. Real messages went out after a random pause each.

A row is a phantom when it stands in such a run, has no message id, and nothing else says that it arrived. How long a
run has to be follows from how regular it is: the chance that real sending looks like it has to be below one in a
hundred million.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_MINUTE = 60
# A mark belongs to a run when it falls within so many seconds of the run's own second of the minute.
_TOLERANCE = 10.0
# A scheduler that was held up left out some minutes. More than four at once, and the run is over.
_LONGEST_STEP = 5
# And of its steps most are of one minute: "one a minute" is what accuses it.
_SHARE_OF_SINGLE_STEPS = 0.7
# A scheduler is late by its own work, always by about as much: so many seconds a minute. Pauses wander.
_MOST_DRIFT = 0.5
# Real pauses are not spread evenly over the minute: set as narrow as twenty seconds around it, they lie so much closer.
_CLUSTERING = 3.0
_MOST_LIKELY_CHANCE = 1e-8
# The run's second moves slowly, with the time that each run takes.
_FOLLOWS = 0.15
# So many marks tell where in the minute a run lies.
_ENOUGH_TO_KNOW = 8
# Up to this share of proven messages within a run, the rest of it stays accused.
_FEW_PROVEN = 0.1


class Mark(NamedTuple):
    """A row that says `enviado`. `at` is the old server's clock; `proven`: an id or somebody else says that it left."""

    id: int
    at: dt.datetime
    proven: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """What accuses these rows. `second` is where in the minute they lie, `spread` how far from it at the most."""

    ids: tuple[int, ...]
    first: dt.datetime
    last: dt.datetime
    second: int
    spread: int
    left_out: int
    proven: int

    def as_json(self) -> dict[str, object]:
        return {
            "count": len(self.ids),
            "first_id": min(self.ids),
            "last_id": max(self.ids),
            "ids": list(self.ids),
            "from": self.first.isoformat(sep=" "),
            "to": self.last.isoformat(sep=" "),
            "minutes": round((self.last - self.first).total_seconds() / _MINUTE),
            "second_of_the_minute": self.second,
            "spread_seconds": self.spread,
            "minutes_left_out": self.left_out,
            "proven_within": self.proven,
        }


def runs_of(marks: Iterable[Mark]) -> list[Run]:
    """The runs of phantoms among the marks of one campaign."""
    ordered = sorted(marks, key=lambda mark: (mark.at, mark.id))
    found: list[Run] = []
    for chain in _begun_earlier(list(_chains(ordered))):
        found += _accused(_trimmed(chain))
    return found


class _Beat(NamedTuple):
    mark: Mark
    step: int  # minutes since the one before; 0 for the first


def _chains(marks: Sequence[Mark]) -> Iterator[list[_Beat]]:
    """The marks cut wherever the rhythm breaks."""
    chain: list[_Beat] = []
    second = 0.0
    for mark in marks:
        if chain:
            step = round((mark.at - chain[-1].mark.at).total_seconds() / _MINUTE)
            off = _off(_second(mark), second)
            if 1 <= step <= _LONGEST_STEP and abs(off) <= _TOLERANCE:
                chain.append(_Beat(mark, step))
                second += off * _FOLLOWS
                continue
            yield chain
        chain, second = [_Beat(mark, 0)], _second(mark)
    if chain:
        yield chain


def _begun_earlier(chains: list[list[_Beat]]) -> list[list[_Beat]]:
    """A run's first marks, where one that was off made it seem to begin later: its second is known better by now."""
    for before, chain in itertools.pairwise(chains):
        second = statistics.median(_second(beat.mark) for beat in chain[:_ENOUGH_TO_KNOW])
        while len(chain) >= _ENOUGH_TO_KNOW and before:
            off = _off(_second(before[-1].mark), second)
            step = round((chain[0].mark.at - before[-1].mark.at).total_seconds() / _MINUTE)
            if not 1 <= step <= _LONGEST_STEP or abs(off) > _TOLERANCE:
                break
            chain[0] = chain[0]._replace(step=step)
            chain.insert(0, _Beat(before.pop().mark, 0))
    return [chain for chain in chains if chain]


def _trimmed(chain: list[_Beat]) -> list[_Beat]:
    """Without what joined at either end by chance: further from the run's own line than the run itself is."""
    drift = _drift(chain)
    if drift is None:
        return chain
    usual = max(2.0, 4 * statistics.median(map(abs, drift.residuals)))
    first, last = 0, len(chain)
    while first < last and abs(drift.residuals[first]) > usual:
        first += 1
    while last > first and abs(drift.residuals[last - 1]) > usual:
        last -= 1
    return chain[first:last]


class _Drift(NamedTuple):
    """How far from the exact minute each mark came, as a line: seconds a minute, and how far each is from it."""

    slope: float
    residuals: list[float]


def _drift(chain: Sequence[_Beat]) -> _Drift | None:
    """None for a few marks. Both ends are no part of the line: what joined there by chance would bend it."""
    if len(chain) < _ENOUGH_TO_KNOW:
        return None
    ticks = [0, *itertools.accumulate(beat.step for beat in chain[1:])]
    start = chain[0].mark.at
    late = [(beat.mark.at - start).total_seconds() - _MINUTE * tick for beat, tick in zip(chain, ticks, strict=True)]
    end = len(chain) // 10 + 1
    slope, intercept = statistics.linear_regression(ticks[end:-end], late[end:-end])
    return _Drift(slope, [value - slope * tick - intercept for value, tick in zip(late, ticks, strict=True)])


def _accused(chain: list[_Beat]) -> list[Run]:
    proven = sum(beat.mark.proven for beat in chain)
    if proven <= len(chain) * _FEW_PROVEN:
        return _judged(chain, proven)
    # The line worked for a good part of it: only what stands alone for long is accused.
    stretches = (
        list(beats) for is_proven, beats in itertools.groupby(chain, lambda beat: beat.mark.proven) if not is_proven
    )
    return [run for stretch in stretches for run in _judged(stretch, 0)]


def _judged(chain: list[_Beat], proven: int) -> list[Run]:
    steps = [beat.step for beat in chain[1:]]
    drift = _drift(chain)
    if drift is None or abs(drift.slope) > _MOST_DRIFT or steps.count(1) < len(steps) * _SHARE_OF_SINGLE_STEPS:
        return []
    spread = max(map(abs, drift.residuals))
    most = statistics.quantiles(map(abs, drift.residuals), n=10)[-1]
    chance = min(1.0, (2 * most + 1) / _MINUTE * _CLUSTERING)
    accused = [beat.mark for beat in chain if not beat.mark.proven]
    if chance ** (len(accused) - 1) > _MOST_LIKELY_CHANCE:
        return []
    seconds = [_second(mark) for mark in accused]
    return [
        Run(
            ids=tuple(mark.id for mark in accused),
            first=accused[0].at,
            last=accused[-1].at,
            second=round(statistics.median(seconds)),
            spread=round(spread),
            left_out=sum(step - 1 for step in steps),
            proven=proven,
        )
    ]


def _second(mark: Mark) -> float:
    return mark.at.second + mark.at.microsecond / 1_000_000


def _off(second: float, expected: float) -> float:
    """From -30 to 30: the 59th second is beside the first."""
    return (second - expected + _MINUTE / 2) % _MINUTE - _MINUTE / 2
