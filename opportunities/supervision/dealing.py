"""Deal rows to people: as many as can be, as evenly as can be, each only to somebody whom it fits.

Pure arithmetic over numbers. A row goes to whoever has got least of those who can be reached by moving others' rows
along: that keeps every deal as even as the fits and the room allow (optimal semi-matching, Harvey et al. 2003).
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence

Fit = tuple[int, ...]


class Deal:
    """Who got which row so far. `room`: how many each person may get, those first whom a tie favours."""

    def __init__(self, room: Mapping[int, int]) -> None:
        self.room = room
        self.given: dict[int, int] = {}
        self._order = {person: place for place, person in enumerate(room)}
        # What each person holds, by whom else those rows fit: rows that fit the same people are alike.
        self._held: dict[int, dict[Fit, list[int]]] = {person: collections.defaultdict(list) for person in room}
        self._load = dict.fromkeys(room, 0)

    def add(self, row: int, fit: Sequence[int]) -> bool:
        """Give this row to one of these; False when none of them has room, nor can make any by passing on."""
        fits: Fit = tuple(person for person in fit if person in self.room)
        came_from = self._reach(fits)
        open_ = [person for person in came_from if self._load[person] < self.room[person]]
        if not open_:
            return False
        person = min(open_, key=lambda one: (self._load[one], self._order[one]))
        self._load[person] += 1
        while (step := came_from[person]) is not None:
            giver, alike = step
            passed = self._held[giver][alike].pop()
            self._put(passed, alike, person)
            person = giver
        self._put(row, fits, person)
        return True

    def _put(self, row: int, fits: Fit, person: int) -> None:
        self._held[person][fits].append(row)
        self.given[row] = person

    def _reach(self, fits: Fit) -> dict[int, tuple[int, Fit] | None]:
        """Everybody who can end up with one more, and who would pass them a row of which kind; None: they get it."""
        came_from: dict[int, tuple[int, Fit] | None] = dict.fromkeys(fits)
        waiting = collections.deque(fits)
        while waiting:
            person = waiting.popleft()
            for alike, rows in self._held[person].items():
                if not rows:
                    continue
                for other in alike:
                    if other not in came_from:
                        came_from[other] = (person, alike)
                        waiting.append(other)
        return came_from
