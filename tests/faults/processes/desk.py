"""Somebody at the desk in a process of their own, who does one thing after the other until the time is up."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import random
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from campaigns.suppressions import suppress
from leadmaster.accounts.models import User
from leadmaster.directory.models import Client, ContactPoint, Suppression
from leadmaster.lib.db import retry
from opportunities.assignment import capture
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.capacity import quota
from opportunities.enums import WORKING, AbsencePolicy, OpportunityState
from opportunities.errors import Refused
from opportunities.funnel import moves
from opportunities.models import Absence, BulkAction, Opportunity, Promoter, Stage
from opportunities.supervision import absences, bulk, decisions, undo
from opportunities.timers import absence_clocks, expiry, extension, recalculation

_PHONES = (10, 40)


def draws(number: str, now: str, gate: str) -> None:
    """Three requests for the last clients of a segment, by somebody who would rather die than wait for a lock."""
    judge = retry.is_retryable

    def strict(error: BaseException) -> bool:
        assert 1205 not in error.args, "a second's wait for a lock"
        return judge(error)

    retry.is_retryable = strict
    someone = Somebody.number(int(number), dt.datetime.fromisoformat(now))
    _wait_at(gate, number)
    for turn in range(3):
        request_lot(someone.mine, Filters(province="Puebla"), 4, key=f"{number}-{turn}", now=someone.now)


def works(number: str, now: str, gate: str, seconds: str) -> None:
    """Requests, moves, decisions and expiries."""
    someone = Somebody.number(int(number), dt.datetime.fromisoformat(now))
    _wait_at(gate, number)
    someone.go_on(
        [someone.request, someone.request, someone.move, someone.move, someone.decide, someone.expire], float(seconds)
    )


def does_everything(number: str, now: str, gate: str, seconds: str) -> None:
    """Every verb of the desk, and what comes from outside: whatever meets whatever."""
    someone = Somebody.number(int(number), dt.datetime.fromisoformat(now))
    _wait_at(gate, number)
    often = [someone.request] * 4 + [someone.capture] * 2 + [someone.move] * 3 + [someone.decide] * 2
    rarely = [someone.extend, someone.many, someone.many, someone.undo, someone.undo, someone.leave, someone.expire]
    beside = [someone.limits, someone.outside, someone.timer]
    someone.go_on([*often, *rarely, *beside], float(seconds))


@dataclasses.dataclass(frozen=True)
class Somebody:
    """A promoter, and whoever decides about everybody, as one of the processes."""

    chance: random.Random
    now: dt.datetime
    mine: Promoter
    promoters: Sequence[Promoter]
    boss: User
    stages: Sequence[Stage]

    @classmethod
    def number(cls, number: int, now: dt.datetime) -> Somebody:
        promoters = list(Promoter.objects.select_related("user", "desk__team", "desk__calendar").order_by("id"))
        return cls(
            chance=random.Random(number),
            now=now,
            mine=promoters[number % len(promoters)],
            promoters=promoters,
            boss=User.objects.get(username="jefa"),
            stages=list(Stage.objects.order_by("id")),
        )

    def go_on(self, verbs: Sequence[Callable[[], None]], seconds: float) -> None:
        """One of them after the other, at random; what is refused is refused."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(Refused):
                self.chance.choice(verbs)()

    # --- What a promoter does -------------------------------------------------------------------------------------

    def request(self) -> None:
        request_lot(self.mine, Filters(), self.chance.randint(1, 4), key=uuid.uuid4().hex, now=self.now)

    def capture(self) -> None:
        phone = f"+54935155500{self.chance.randint(*_PHONES)}"
        known = ContactPoint.objects.order_by("?").first()
        if known is not None and self.chance.random() < 0.5:
            phone = known.normalised
        capture.capture(self.mine, capture.NewClient(name="Ana", phones=[phone]), key=uuid.uuid4().hex, now=self.now)

    def move(self) -> None:
        row = self._one_of_mine()
        if row is not None:
            moves.move(
                row.pk,
                self.chance.choice(self.stages),
                by=self.mine.user,
                version=row.version,
                now=self.now,
                reason="Prueba",
                data={"amount": "5"},
            )

    def extend(self) -> None:
        row = self._one_of_mine()
        if row is not None:
            extension.extend(row.pk, by=self.mine.user, version=row.version, now=self.now)

    # --- What a supervisor does -----------------------------------------------------------------------------------

    def decide(self) -> None:
        for pk in _some(Opportunity.objects.open()):
            self.chance.choice(
                [
                    lambda pk=pk: decisions.reassign(
                        pk,
                        self.chance.choice(self.promoters),
                        by=self.boss,
                        now=self.now,
                        over_quota=self.chance.random() < 0.3,
                        reason="Urge",
                    ),
                    lambda pk=pk: decisions.return_to_pool(pk, by=self.boss, now=self.now),
                    lambda pk=pk: decisions.give_back(pk, by=self.boss, now=self.now),
                    lambda pk=pk: decisions.close(pk, by=self.boss, now=self.now, reason="Fin"),
                ]
            )()

    def many(self) -> None:
        ids = _some(Opportunity.objects.exclude(state=OpportunityState.WON), 5)
        self.chance.choice(
            [
                lambda: bulk.reassign(ids, self.chance.choice(self.promoters), by=self.boss, now=self.now),
                lambda: bulk.return_to_pool(ids, by=self.boss, now=self.now),
                lambda: bulk.give_back(ids, by=self.boss, now=self.now),
                lambda: bulk.close(ids, by=self.boss, now=self.now, reason="Fin"),
            ]
        )()

    def undo(self) -> None:
        action = BulkAction.objects.filter(undone_at__isnull=True).order_by("?").first()
        if action is not None:
            undo.undo(action, by=self.boss, now=self.now)

    def leave(self) -> None:
        standing = Absence.objects.filter(ended_at__isnull=True).order_by("?").first()
        if standing is not None and self.chance.random() < 0.6:
            absences.call_off(standing, by=self.boss, now=self.now)
        else:
            day = self.now.date()
            absences.announce(
                self.chance.choice(self.promoters),
                starts_on=day,
                ends_on=day,
                policy=self.chance.choice([AbsencePolicy.PAUSE, AbsencePolicy.REDISTRIBUTE]),
                by=self.boss,
                now=self.now,
            )
        absence_clocks.begin_and_end(self.now)

    def limits(self) -> None:
        someone, limit = self.chance.choice(self.promoters), self.chance.randint(10, 60)
        quota.change_limit(someone, self.now.date(), limit, by=self.boss, reason="Otro", now=self.now)

    def timer(self) -> None:
        stage = self.chance.choice([one for one in self.stages if one.type in WORKING])
        minutes = self.chance.choice([45, 60, 120, None])
        recalculation.change_stage(stage, timer_minutes=minutes, by=self.boss, now=self.now)

    # --- What comes by itself -------------------------------------------------------------------------------------

    def expire(self) -> None:
        expiry.expire_timers(self.now + dt.timedelta(minutes=self.chance.choice([30, 61, 130])), limit=5)

    def outside(self) -> None:
        clients = Client.objects.filter(pk__in=_some(Client.objects.all(), 5))
        clients.update(gone_at=self.chance.choice([None, self.now]))
        if self.chance.random() < 0.1:
            phone = ContactPoint.objects.order_by("?")[0].normalised
            suppress(phone, source=Suppression.Source.REPLY, now=self.now)

    def _one_of_mine(self) -> Opportunity | None:
        return Opportunity.objects.filter(owner=self.mine).active().order_by("?").first()


def _some(rows: QuerySet[Any], count: int = 1) -> list[int]:
    return list(rows.order_by("?").values_list("pk", flat=True)[:count])


def _wait_at(gate: str, number: str) -> None:
    """Until all of them are ready."""
    with connection.cursor() as cursor:
        # Who would wait a second for a lock is told so by the database.
        cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
    here = Path(gate)
    here.with_name(f"ready-{number}").touch()
    while not here.exists():
        time.sleep(0.01)
