"""Somebody who pulls plugs, kills and stops processes, takes journals away, turns clocks and puts backups back."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

import psutil

from tests.chaos.machines import Machine
from tests.chaos.restoring import put_back
from tests.chaos.site import Site

Act = Callable[[], None]

_STOPPED = 7.0  # seconds; longer than the deadline of a send in these tests
_FAULTY = (2.0, 6.0)
_TWO_HOURS = 7200.0


class Chaos:
    """One act after the other. The first ones are one of each kind, however short it rages."""

    def __init__(self, site: Site, *, seed: int) -> None:
        self._site = site
        self._chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        journal = self._chance.choice([self._journal_away, self._journal_full, self._journal_torn])
        self._first: list[Act] = [
            self._back_up, self._pull_the_plug, self._turn_a_clock, journal, self._kill_one, self._kill_the_web,
            self._stop_one, self._restore, self._kill_one,
        ]  # fmt: skip
        often: list[Act] = [
            self._pull_the_plug, self._kill_one, self._kill_one, self._stop_one, self._kill_the_web,
            self._turn_a_clock, self._turn_a_clock, self._journal_away, self._journal_full, self._journal_torn,
            self._back_up, self._back_up,
        ]  # fmt: skip
        # A restore stops everything for the better part of a minute.
        self._rest: list[Act] = [*often, *often, self._restore]

    def reign(self, seconds: float) -> None:
        """Something every two to four seconds, for so long, and until each kind was there.

        It happens to machines that have come up: on a busy one a cluster takes longer to start than it would live
        otherwise, and nothing would be tried.
        """
        end = time.monotonic() + seconds
        for act in self._acts(until=end):
            time.sleep(self._chance.uniform(2, 4))
            act()

    def is_over(self) -> None:
        """Clocks are right again. What was unmounted or full has come back by itself."""
        for machine in self._site.machines:
            machine.set_clock(wrong_by=0)

    def _acts(self, *, until: float) -> Iterator[Act]:
        yield from self._first
        while time.monotonic() < until:
            yield self._chance.choice(self._rest)

    # --- Processes ----------------------------------------------------------------------------------------------------

    def _pull_the_plug(self) -> None:
        self._again(self._one(), "machines killed")

    def _kill_the_web(self) -> None:
        self._again(self._site.web, "web servers killed")

    def _again(self, machine: Machine, told: str) -> None:
        machine.kill()
        machine.start()
        self.done[told] += 1

    def _kill_one(self) -> None:
        members = self._one().members()
        if members:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._chance.choice(members).kill()
                self.done["processes killed"] += 1

    def _stop_one(self) -> None:
        members = self._one().members()
        if not members:
            return
        victim = self._chance.choice(members)
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.suspend()
            time.sleep(_STOPPED)
            victim.resume()
            self.done["processes stopped"] += 1

    # --- What a machine stands on -------------------------------------------------------------------------------------

    def _turn_a_clock(self) -> None:
        """Forwards or backwards, by seconds or by hours; it stays wrong until it is turned again."""
        machine = self._chance.choice(self._site.machines)
        wrong_by = self._chance.choice((-1, 1)) * _TWO_HOURS ** self._chance.random()
        machine.set_clock(wrong_by=wrong_by)
        self.done["clocks turned"] += 1

    def _journal_away(self) -> None:
        machine = self._one()
        assert machine.journal is not None
        with machine.journal.away():
            time.sleep(self._chance.uniform(*_FAULTY))
        self.done["journals away"] += 1

    def _journal_full(self) -> None:
        """Room for a line or two, and not to the byte."""
        machine = self._one()
        assert machine.journal is not None
        with machine.journal.full(machine.everything(), room=self._chance.randrange(1, 600)):
            time.sleep(self._chance.uniform(*_FAULTY))
        self.done["journals full"] += 1

    def _journal_torn(self) -> None:
        machine = self._one()
        machine.kill()
        assert machine.journal is not None
        self.done["journals torn"] += machine.journal.tear(self._chance)
        machine.start()

    # --- The database -------------------------------------------------------------------------------------------------

    def _back_up(self) -> None:
        self._site.backups.take()
        self.done["backups"] += 1

    def _restore(self) -> None:
        put_back(self._site, self._chance.choice(self._site.backups.files), self._chance)
        self.done["restores"] += 1

    def _one(self) -> Machine:
        while not (up := [machine for machine in self._site.clusters if machine.has_started()]):
            time.sleep(0.5)
        return self._chance.choice(up)
