"""Whatever people do in whatever order: after each step the desk is what a plain model says, and the checker agrees.

The model knows nothing of rows: it keeps who has which client, and counts.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Client
from opportunities import absences, bulk, capture, supervision, timers, transitions
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import Granted, request_lot
from opportunities.enums import AbsencePolicy
from opportunities.errors import Refused
from opportunities.models import Absence, BulkAction, CoolDown, DailyQuota, Opportunity, Promoter
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings

START = dt.datetime(2026, 3, 4, 9, 0, tzinfo=dt.UTC)
QUOTA = 4
CLIENTS = 7
PEOPLE = 3

people = st.integers(0, PEOPLE - 1)
picks = st.integers(0, 30)


@dataclasses.dataclass
class Piece:
    """One client being worked, as the model sees it."""

    state: str
    owner: int | None
    since: dt.datetime = START
    # The clock runs to a deadline, or an absence has stopped it with so much left.
    deadline: dt.datetime | None = None
    left: dt.timedelta | None = None


class Desk(RuleBasedStateMachine):
    """Everything runs in one transaction per step, on one connection: races have tests of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.funnel = Funnel()
        desk = DeskFactory(daily_quota=QUOTA)
        self.promoters: list[Promoter] = PromoterFactory.create_batch(PEOPLE, desk=desk)
        self.boss = UserFactory(role=Role.SUPERVISOR)
        desk.team.supervisors.add(self.boss)
        ClientFactory.create_batch(CLIENTS)
        self.now = START
        self.keys = 0
        self.pieces: dict[int, Piece] = {}
        self.used: dict[tuple[int, dt.date], int] = {}
        self.resting: dict[tuple[int, int], dt.datetime] = {}
        self.away: dict[int, dt.date] = {}
        self.undoable: Any = None

    # --- Time ---------------------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 20, 45, 61, 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    @rule()
    def the_cron_comes(self) -> None:
        absences.begin_and_end(self.now)
        for who, until in list(self.away.items()):
            if until < self.now.date():
                del self.away[who]
                again = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(0), tzinfo=dt.UTC)
                for piece in self.pieces.values():
                    if piece.owner == who and piece.left is not None:
                        piece.deadline, piece.left = max(again, piece.since) + piece.left, None
        overdue = [pk for pk, piece in self.pieces.items() if self._overdue(piece)]
        assert timers.expire_timers(self.now).expired == len(overdue)
        for pk in overdue:
            self._let_go(pk, days=7)

    # --- The promoter -------------------------------------------------------------------------------------------------

    @rule(who=people, quantity=st.integers(1, 5), repeat=st.booleans())
    def request(self, who: int, quantity: int, repeat: bool) -> None:
        self.keys += 1
        left = QUOTA - self._used(who)
        if self._absent(who):
            with pytest.raises(Refused):
                self._ask(who, quantity)
            return
        taken = {pk for pk, piece in self.pieces.items() if piece.state != "pool"}
        clients = dict(Opportunity.objects.values_list("pk", "client"))
        worked = {clients[pk] for pk in taken}
        there = [
            client
            for client in Client.objects.values_list("pk", flat=True)
            if client not in worked and self.resting.get((who, client), self.now) <= self.now
        ]
        pooled = [client for client in there if client in clients.values()]
        answer = self._ask(who, quantity)
        assert answer.granted == min(quantity, max(left, 0), len(there))
        if repeat:
            assert self._ask(who, quantity) == answer
        lot = list(Opportunity.objects.filter(lot=answer.lot_id)) if answer.lot_id else []
        assert len(lot) == answer.granted
        # The pool first.
        assert sum(row.client_id in pooled for row in lot) == min(answer.granted, len(pooled))
        for row in lot:
            self.pieces[row.pk] = self._fresh(who)
        self._charge(who, answer.granted)

    @precondition(lambda self: self.pieces)
    @rule(pick=picks, by=people, to=st.sampled_from(["contacted", "no_answer", "pooled", "sold", "lost"]))
    def move(self, pick: int, by: int, to: str) -> None:
        row, piece = self._pick(pick)
        stage = getattr(self.funnel, to)
        data = {"amount": "10"} if to == "sold" else {}
        mine = piece.owner == by
        again = piece.state == "ganada" and to == "sold"
        works = piece.state == "activa" and not self._overdue(piece) and row.stage != stage
        try:
            transitions.move(row.pk, stage, by=self.promoters[by].user, version=row.version, now=self.now, data=data)
        except Refused:
            assert not (mine and (works or again))
            return
        assert mine
        assert works or again
        if again:
            return
        if to == "contacted":
            self.pieces[row.pk] = self._fresh(by, minutes=120)
        elif to == "no_answer":
            self._rest(row, days=7)
            self._leave_clock(row.pk, "salida")
        elif to == "pooled":
            self._let_go(row.pk, days=30)
        else:
            self._leave_clock(row.pk, "ganada" if to == "sold" else "perdida")

    @rule(who=people, pick=picks)
    def capture_known_or_new(self, who: int, pick: int) -> None:
        self.keys += 1
        phones = [f"+54935155500{pick:02d}"]
        clients = list(Client.objects.order_by("pk"))
        if pick < len(clients):
            phones = [clients[pick].contacts.all()[0].normalised]
        known = Client.objects.filter(contacts__normalised=phones[0]).first()
        row = Opportunity.objects.filter(open_client=known).first() if known else None
        closed = known is not None and known.availability == "cerrado"
        rests = known is not None and self.resting.get((who, known.pk), self.now) > self.now
        free = not closed and not rests and (row is None or row.state == "pool")
        try:
            got = capture.capture(
                self.promoters[who], capture.NewClient(name="Ana", phones=phones), key=str(self.keys), now=self.now
            )
        except Refused:
            assert not free
            return
        assert free
        self.pieces[got.pk] = self._fresh(who)

    # --- The supervisor -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.pieces)
    @rule(pick=picks, receiver=people)
    def reassign(self, pick: int, receiver: int) -> None:
        row, piece = self._pick(pick)
        fits = self._fits(piece, receiver)
        try:
            supervision.reassign(row.pk, self.promoters[receiver], by=self.boss, now=self.now)
        except Refused:
            assert not fits
            return
        assert fits
        self._give(row, receiver)

    @precondition(lambda self: self.pieces)
    @rule(
        picked=st.sets(picks, min_size=1, max_size=4), receiver=people, verb=st.sampled_from(["give", "pool", "close"])
    )
    def many(self, picked: set[int], receiver: int, verb: str) -> None:
        rows = {self._pick(pick)[0].pk: self._pick(pick)[0] for pick in picked}
        before = {pk: (dataclasses.replace(self.pieces[pk]), receiver) for pk in rows}
        resting = dict(self.resting)
        if verb == "give":
            report = bulk.reassign(list(rows), self.promoters[receiver], by=self.boss, now=self.now)
        elif verb == "pool":
            report = bulk.return_to_pool(list(rows), by=self.boss, now=self.now)
        else:
            report = bulk.close(list(rows), by=self.boss, now=self.now, reason="Fin")
        assert set(report.done) | set(report.refused) == set(rows)
        for pk in report.done:
            if verb == "give":
                assert self._fits(self.pieces[pk], receiver)
                self._give(rows[pk], receiver)
            elif verb == "pool":
                assert self.pieces[pk].state in {"activa", "salida"}
                self._let_go(pk, days=7)
            else:
                self._leave_clock(pk, "perdida")
        after = {pk: dataclasses.replace(self.pieces[pk]) for pk in report.done}
        self.undoable = (report.action_id, self.now, verb, receiver, before, after, resting)

    @precondition(lambda self: self.undoable is not None)
    @rule()
    def undo(self) -> None:
        action_id, at, verb, target, before, after, resting = self.undoable
        self.undoable = None
        versions = dict(Opportunity.objects.values_list("pk", "version"))
        left_by = dict(BulkAction.objects.get(pk=action_id).items.values_list("opportunity", "version_after"))
        try:
            report = bulk.undo(BulkAction.objects.get(pk=action_id), by=self.boss, now=self.now)
        except Refused:
            assert self.now - at > dt.timedelta(minutes=10)
            return
        assert set(report.done) == {pk for pk in after if versions[pk] == left_by[pk]}
        clients = dict(Opportunity.objects.values_list("pk", "client"))
        for pk in report.done:
            piece, _target = before[pk]
            left = max(piece.deadline - at, dt.timedelta(0)) if piece.deadline is not None else piece.left
            self.pieces[pk] = dataclasses.replace(piece, deadline=None, left=None)
            if left is not None and piece.owner is not None and self._clocks_stand(piece.owner):
                self.pieces[pk].left = left
            elif left is not None:
                self.pieces[pk].deadline = self.now + left
            if verb == "give":
                self._charge(target, -1, day=at.date())
            for who in range(PEOPLE):
                self.resting.pop((who, clients[pk]), None)
                if (who, clients[pk]) in resting:
                    self.resting[who, clients[pk]] = resting[who, clients[pk]]

    @precondition(lambda self: self.pieces)
    @rule(pick=picks)
    def give_back(self, pick: int) -> None:
        row, piece = self._pick(pick)
        can = piece.state == "salida" and not self._absent(piece.owner or 0)
        try:
            supervision.give_back(row.pk, by=self.boss, now=self.now)
        except Refused:
            assert not can
            return
        assert can
        self.pieces[row.pk] = self._fresh(piece.owner or 0)
        self.resting.pop((piece.owner or 0, row.client_id), None)

    @rule(who=people, days=st.integers(0, 1), gives=st.booleans())
    def absence(self, who: int, days: int, gives: bool) -> None:
        """Announced and in effect at once, from today's first instant."""
        self.the_cron_comes()
        if self.away:
            return
        today = self.now.date()
        until = today + dt.timedelta(days=days)
        policy = AbsencePolicy.REDISTRIBUTE if gives else AbsencePolicy.PAUSE
        absences.announce(
            self.promoters[who], starts_on=today, ends_on=until, policy=policy, by=self.boss, now=self.now
        )
        absences.begin_and_end(self.now)
        self.away[who] = until
        for pk, piece in self.pieces.items():
            if piece.owner == who and piece.state == "activa":
                if gives:
                    self.pieces[pk] = Piece("pool", None)
                elif piece.deadline is not None:
                    midnight = dt.datetime.combine(today, dt.time(0), tzinfo=dt.UTC)
                    piece.left = max(piece.deadline - max(midnight, piece.since), dt.timedelta(0))
                    piece.deadline = None

    # --- What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def the_checker_finds_nothing(self) -> None:
        assert findings() == []

    @invariant()
    def it_is_what_the_model_says(self) -> None:
        owners = {promoter.pk: number for number, promoter in enumerate(self.promoters)}
        rows = {row.pk: row for row in Opportunity.objects.all()}
        assert set(rows) == set(self.pieces)
        for pk, piece in self.pieces.items():
            row = rows[pk]
            assert row.state == piece.state
            if piece.state in {"activa", "salida"}:
                assert owners[row.owner_id or 0] == piece.owner
            assert row.deadline == piece.deadline
            assert row.paused_seconds == (None if piece.left is None else piece.left.total_seconds())
        used = {(owners[q.promoter_id], q.day): q.used for q in DailyQuota.objects.filter(used__gt=0)}
        assert used == {key: number for key, number in self.used.items() if number}
        resting = {(owners[one.promoter_id], one.client_id): one.until for one in CoolDown.objects.all()}
        assert resting == self.resting

    # --- The model ----------------------------------------------------------------------------------------------------

    def _ask(self, who: int, quantity: int) -> Granted:
        return request_lot(self.promoters[who], Filters(), quantity, key=f"k{self.keys}", now=self.now)

    def _pick(self, pick: int) -> tuple[Opportunity, Piece]:
        pks = sorted(self.pieces)
        row = Opportunity.objects.get(pk=pks[pick % len(pks)])
        return row, self.pieces[row.pk]

    def _fresh(self, owner: int, *, minutes: int = 60) -> Piece:
        """It has just entered a stage."""
        timer = dt.timedelta(minutes=minutes)
        if self._clocks_stand(owner):
            return Piece("activa", owner, self.now, left=timer)
        return Piece("activa", owner, self.now, deadline=self.now + timer)

    def _leave_clock(self, pk: int, state: str) -> None:
        self.pieces[pk] = Piece(state, self.pieces[pk].owner, self.now)

    def _absent(self, who: int) -> bool:
        return who in self.away and self.away[who] >= self.now.date()

    def _overdue(self, piece: Piece) -> bool:
        return piece.state == "activa" and piece.deadline is not None and piece.deadline <= self.now

    def _clocks_stand(self, who: int) -> bool:
        standing = Absence.objects.filter(promoter=self.promoters[who], policy="pausar", ended_at__isnull=True)
        return standing.exists()

    def _used(self, who: int) -> int:
        return self.used.get((who, self.now.date()), 0)

    def _charge(self, who: int, number: int, *, day: dt.date | None = None) -> None:
        key = who, day or self.now.date()
        self.used[key] = self.used.get(key, 0) + number

    def _fits(self, piece: Piece, target: int) -> bool:
        theirs = piece.state == "activa" and piece.owner == target
        closed = piece.state in {"ganada", "perdida"}
        return not closed and not theirs and not self._absent(target) and self._used(target) < QUOTA

    def _give(self, row: Opportunity, target: int) -> None:
        self.pieces[row.pk] = self._fresh(target)
        self.resting.pop((target, row.client_id), None)
        self._charge(target, 1)

    def _rest(self, row: Opportunity, *, days: int) -> None:
        owner = self.pieces[row.pk].owner
        if owner is not None:
            until = self.now + dt.timedelta(days=days)
            key = owner, row.client_id
            self.resting[key] = max(until, self.resting.get(key, until))

    def _let_go(self, pk: int, *, days: int) -> None:
        self._rest(Opportunity.objects.get(pk=pk), days=days)
        self.pieces[pk] = Piece("pool", None)


@pytest.mark.django_db
def test_no_order_of_steps_breaks_the_desk() -> None:
    class InOneTransaction(Desk):
        """Each play leaves nothing to the next one."""

        def __init__(self) -> None:
            self.point = transaction.savepoint()
            super().__init__()

        def teardown(self) -> None:
            transaction.savepoint_rollback(self.point)

    assert connection.in_atomic_block
    run_state_machine_as_test(
        InOneTransaction,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
