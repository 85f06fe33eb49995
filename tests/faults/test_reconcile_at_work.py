"""Reconciliation while people work: it finds nothing, keeps nobody waiting, and spoils nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import random
import threading

import pytest

from leadmaster.accounts.models import User
from leadmaster.ops.models import Repair
from leadmaster.ops.reconciliation import registry
from leadmaster.ops.reconciliation.check import Finding
from leadmaster.ops.reconciliation.run import Tally, run
from opportunities.errors import Refused
from opportunities.funnel import moves
from opportunities.models import Opportunity, Promoter
from opportunities.supervision import decisions
from opportunities.timers import expiry, extension
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.faults.desk_crowd import at_once, errors, no_long_waits
from tests.faults.test_desk_races import ask, supervisor_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@dataclasses.dataclass
class Day:
    """A desk of four promoters and their supervisor, on one day."""

    funnel: Funnel
    promoters: list[Promoter]
    boss: User
    over: threading.Event = dataclasses.field(default_factory=threading.Event)
    found: list[Finding] = dataclasses.field(default_factory=list)

    def work(self, promoter: Promoter, seed: int) -> None:
        """Ask for clients, take steps, ask for more time."""
        chance = random.Random(seed)
        stages = [self.funnel.contacted, self.funnel.no_answer, self.funnel.pooled, self.funnel.lost]
        for number in range(12):
            now = NOW + number * MINUTE
            ask(promoter, 2, f"{seed}-{number}", now=now)
            for row in Opportunity.objects.filter(owner=promoter).active().order_by("?")[:2]:
                with contextlib.suppress(Refused):
                    if chance.random() < 0.3:
                        extension.extend(row.pk, by=promoter.user, version=row.version, now=now)
                    else:
                        stage = chance.choice(stages)
                        moves.move(row.pk, stage, by=promoter.user, version=row.version, now=now, reason="Prueba")

    def supervise(self) -> None:
        """Give what waits in the inbox to somebody, send work back to the pool, let time pass."""
        chance = random.Random(7)
        for number in range(25):
            now = NOW + number * MINUTE
            for row in Opportunity.objects.inbox()[:2]:
                with contextlib.suppress(Refused):
                    decisions.reassign(row.pk, chance.choice(self.promoters), by=self.boss, now=now)
            for row in Opportunity.objects.active().order_by("?")[:1]:
                with contextlib.suppress(Refused):
                    decisions.return_to_pool(row.pk, by=self.boss, now=now)
            expiry.expire_timers(now)

    def all_the_work(self) -> None:
        try:
            people = [functools.partial(self.work, promoter, seed) for seed, promoter in enumerate(self.promoters)]
            assert errors(at_once([*people, self.supervise])) == []
        finally:
            self.over.set()

    def reconcile(self) -> int:
        """Look at everything and repair it, again and again until they go home."""
        rounds = 0
        while not self.over.is_set():
            tally = Tally()
            outcomes = run(registry.all_checks(), apply=True, by_id=None, now=NOW + 12 * MINUTE, tally=tally)
            self.found += [outcome.finding for outcome in outcomes]
            assert tally.failed == {}
            rounds += 1
        return rounds


def test_nothing_is_found_of_a_desk_at_which_people_work_and_nobody_waits() -> None:
    funnel, promoters = Funnel(), PromoterFactory.create_batch(4, desk=DeskFactory(daily_quota=500))
    ClientFactory.create_batch(120)
    day = Day(funnel, promoters, supervisor_of(promoters[0]))

    with no_long_waits():
        outcomes = at_once([day.all_the_work, day.reconcile, day.reconcile])

    assert errors(outcomes) == []
    assert outcomes[1].answer > 0
    assert day.found == []
    assert not Repair.objects.exists()
    assert findings() == []
    assert Opportunity.objects.count() > 50
