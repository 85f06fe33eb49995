"""Whatever people do in whatever order: after each step the desk is what a plain model says, and the checker agrees.

The model is `desk_model`: it keeps who has which client, and counts.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from campaigns.suppressions import suppress
from leadmaster.directory.models import Client, Suppression
from opportunities.assignment import capture
from opportunities.enums import AbsencePolicy
from opportunities.errors import Refused
from opportunities.funnel import moves
from opportunities.models import Absence, BulkAction, CoolDown, DailyQuota, Opportunity, Promoter
from opportunities.supervision import absences, bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import absence_clocks, expiry, extension
from tests.faults.desk_checker import findings
from tests.opportunities.state.model import EXTENSIONS, PEOPLE, QUOTA, WEEK, Action, DeskModel, Piece

people = st.integers(0, PEOPLE - 1)
picks = st.integers(0, 30)
# Mostly the owner of something that is being worked; sometimes whoever, with whatever.
workers = st.sampled_from([None, None, None, *range(PEOPLE)])


class Desk(DeskModel):
    """Everything runs in one transaction per step, on one connection: races have tests of their own."""

    def __init__(self) -> None:
        super().__init__()
        # An empty desk has nothing to go wrong.
        for who in range(PEOPLE):
            self.request(who, 2, repeat=False)
        self._move(0, None, "no_answer")

    # --- Time ---------------------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 20, 45, 61, 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    @rule()
    def the_cron_comes(self) -> None:
        absence_clocks.begin_and_end(self.now)
        for who, until in list(self.away.items()):
            if until < self.now.date():
                self._back(who, dt.datetime.combine(until + dt.timedelta(days=1), dt.time(0), tzinfo=dt.UTC))
        overdue = [pk for pk, piece in self.pieces.items() if self._overdue(piece)]
        assert expiry.expire_timers(self.now).expired == len(overdue)
        for pk in overdue:
            self._let_go(pk, days=7)

    # --- The promoter -------------------------------------------------------------------------------------------------

    @rule(who=people, quantity=st.integers(1, 5), repeat=st.booleans())
    def request(self, who: int, quantity: int, repeat: bool) -> None:
        self.keys += 1
        left = self._left(who)
        if self._absent(who) or who in self.closed_to:
            with pytest.raises(Refused):
                self._ask(who, quantity)
            return
        taken = {pk for pk, piece in self.pieces.items() if piece.state != "pool"}
        clients = dict(Opportunity.objects.values_list("pk", "client"))
        worked = {clients[pk] for pk in taken}
        there = [
            client
            for client in Client.objects.values_list("pk", flat=True)
            if client not in worked | self.gone | self.silent and self.resting.get((who, client), self.now) <= self.now
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
            # Whoever may ask is there: their clock runs, though the cron may not have ended their absence.
            self.pieces[row.pk] = Piece("activa", who, self.now, deadline=self.now + dt.timedelta(minutes=60))
        self._charge(who, answer.granted)

    @precondition(lambda self: self.pieces)
    @rule(pick=picks, by=workers, to=st.sampled_from(["contacted", "sold"]))
    def work(self, pick: int, by: int | None, to: str) -> None:
        self._move(pick, by, to)

    @precondition(lambda self: self.pieces)
    @rule(pick=picks, by=workers, to=st.sampled_from(["no_answer", "pooled", "lost"]))
    def leave(self, pick: int, by: int | None, to: str) -> None:
        self._move(pick, by, to)

    def _move(self, pick: int, by: int | None, to: str) -> None:
        row, piece = self._pick(pick, by=by)
        by = (piece.owner or 0) if by is None else by
        stage = getattr(self.funnel, to)
        data = {"amount": "10"} if to == "sold" else {}
        mine = piece.owner == by
        again = piece.state == "ganada" and to == "sold"
        works = piece.state == "activa" and not self._overdue(piece) and row.stage != stage
        try:
            moves.move(row.pk, stage, by=self.promoters[by].user, version=row.version, now=self.now, data=data)
        except Refused:
            assert not (mine and (works or again))
            return
        assert mine
        assert works or again
        if again:
            return
        if to == "contacted":
            self.pieces[row.pk] = self._fresh(by, minutes=120, extended=piece.extended)
        elif to == "no_answer":
            self._rest(row, days=7)
            self._leave_clock(row.pk, "salida")
        elif to == "pooled":
            self._let_go(row.pk, days=30)
        else:
            self._leave_clock(row.pk, "ganada" if to == "sold" else "perdida")

    @precondition(lambda self: self.pieces)
    @rule(pick=picks, by=workers)
    def extend(self, pick: int, by: int | None) -> None:
        row, piece = self._pick(pick, by=by)
        by = (piece.owner or 0) if by is None else by
        spent = sum(who == piece.owner and at > self.now - WEEK for who, at in self.extensions)
        runs = piece.owner == by and piece.deadline is not None and not self._overdue(piece)
        may = runs and not piece.extended and spent < EXTENSIONS
        try:
            extension.extend(row.pk, by=self.promoters[by].user, version=row.version, now=self.now)
        except Refused:
            assert not may
            return
        assert may
        assert row.stage is not None
        self.extensions.append((by, self.now))
        piece.deadline = self.now + dt.timedelta(minutes=row.stage.timer_minutes or 0)
        piece.extended = True

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
        silent = known is not None and known.pk in self.silent
        free = not closed and not rests and not silent and (row is None or row.state == "pool")
        free = free and not self._absent(who)
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
    @rule(pick=picks, receiver=people, over=st.booleans())
    def reassign(self, pick: int, receiver: int, over: bool) -> None:
        row, piece = self._pick(pick)
        fits = self._fits(piece, receiver, over=over)
        by = self.admin if over else self.boss
        try:
            decisions.reassign(row.pk, self.promoters[receiver], by=by, now=self.now, reason="Urge", over_quota=over)
        except Refused:
            assert not fits
            return
        assert fits
        self._give(row, receiver)

    @precondition(lambda self: self.pieces)
    @rule(pick=picks, closes=st.booleans())
    def decide(self, pick: int, closes: bool) -> None:
        row, piece = self._pick(pick)
        may = piece.state in ({"activa", "salida", "pool"} if closes else {"activa", "salida"})
        verb = decisions.close if closes else decisions.return_to_pool
        try:
            verb(row.pk, by=self.boss, now=self.now, reason="Fin")
        except Refused:
            assert not may
            return
        assert may
        if closes:
            self._leave_clock(row.pk, "perdida")
        else:
            self._let_go(row.pk, days=7)

    @precondition(lambda self: self.pieces)
    @rule(
        picked=st.sets(picks, min_size=1, max_size=4),
        receiver=people,
        verb=st.sampled_from(["give", "give over", "pool", "close", "back"]),
    )
    def many(self, picked: set[int], receiver: int, verb: str) -> None:
        rows = {row.pk: row for row in (self._pick(pick)[0] for pick in picked)}
        over = verb == "give over"
        action = Action(
            0, self.admin if over else self.boss, self.now, receiver if verb.startswith("give") else None, {}, {}, {}
        )
        action.resting = dict(self.resting)
        if action.receiver is not None:
            report = bulk.reassign(
                list(rows), self.promoters[receiver], by=action.by, now=self.now, reason="Urge", over_quota=over
            )
        elif verb == "back":
            report = bulk.give_back(list(rows), by=self.boss, now=self.now)
        elif verb == "pool":
            report = bulk.return_to_pool(list(rows), by=self.boss, now=self.now)
        else:
            report = bulk.close(list(rows), by=self.boss, now=self.now, reason="Fin")
        assert set(report.done) | set(report.refused) == set(rows)
        for pk in sorted(rows):
            piece = dataclasses.replace(self.pieces[pk])
            may = {
                "give": self._fits(piece, receiver),
                "give over": self._fits(piece, receiver, over=True),
                "back": piece.state == "salida" and not self._absent(piece.owner or 0),
                "pool": piece.state in {"activa", "salida"},
                "close": piece.state in {"activa", "salida", "pool"},
            }[verb]
            assert (pk in report.done) == may
            if not may:
                continue
            action.before[pk] = piece
            if action.receiver is not None:
                action.rooms[pk] = self._give(rows[pk], receiver)
            elif verb == "back":
                self._come_back(rows[pk])
            elif verb == "pool":
                self._let_go(pk, days=7)
            else:
                self._leave_clock(pk, "perdida")
        action.pk = report.action_id
        self.undoable = action

    @precondition(lambda self: self.undoable is not None)
    @rule()
    def undo(self) -> None:
        action, self.undoable = self.undoable, None
        assert action is not None
        versions = dict(Opportunity.objects.values_list("pk", "version"))
        left_by = dict(BulkAction.objects.get(pk=action.pk).items.values_list("opportunity", "version_after"))
        try:
            report = undo(BulkAction.objects.get(pk=action.pk), by=action.by, now=self.now)
        except Refused:
            assert self.now - action.at > dt.timedelta(minutes=10)
            return
        assert self.now - action.at <= dt.timedelta(minutes=10)
        same = {pk for pk in action.before if versions[pk] == left_by[pk]}
        given_away = {pk for pk in same if self._gave_away_since(action, action.before[pk])}
        assert set(report.done) == same - given_away
        clients = dict(Opportunity.objects.values_list("pk", "client"))
        for pk in sorted(report.done):
            piece = action.before[pk]
            left = max(piece.deadline - action.at, dt.timedelta(0)) if piece.deadline is not None else piece.left
            self.pieces[pk] = dataclasses.replace(piece, deadline=None, left=None)
            if left is not None and piece.owner is not None and self._clocks_stand(piece.owner):
                self.pieces[pk].left = left
            elif left is not None:
                self.pieces[pk].deadline = self.now + left
            if action.receiver is not None:
                key = action.receiver, action.at.date()
                self._charge(action.receiver, -1, day=action.at.date())
                self.limits[key] = max(self.limits.get(key, QUOTA) - action.rooms[pk], self.used[key])
            for who in range(PEOPLE):
                self.resting.pop((who, clients[pk]), None)
                if (who, clients[pk]) in action.resting:
                    self.resting[who, clients[pk]] = action.resting[who, clients[pk]]

    @precondition(lambda self: self.pieces)
    @rule(pick=picks)
    def give_back(self, pick: int) -> None:
        row, piece = self._pick(pick)
        can = piece.state == "salida" and not self._absent(piece.owner or 0)
        try:
            decisions.give_back(row.pk, by=self.boss, now=self.now)
        except Refused:
            assert not can
            return
        assert can
        self._come_back(row)

    @rule(
        who=people,
        pick=picks,
        number=st.integers(0, 7),
        what=st.sampled_from([*["limit"] * 3, *["open"] * 2, "gone", "back", "silence"]),
    )
    def something_changes_beside(self, who: int, pick: int, number: int, what: str) -> None:
        client = Client.objects.order_by("pk")[pick % Client.objects.count()]
        if what == "limit":
            self._correct_the_limit(who, number)
        elif what == "open":
            # Whoever receives nothing keeps what they have.
            self.closed_to ^= {who}
            Promoter.objects.filter(pk=self.promoters[who].pk).update(available=who not in self.closed_to)
        elif what in {"gone", "back"}:
            Client.objects.filter(pk=client.pk).update(gone_at=None if what == "back" else self.now)
            self.gone = self.gone - {client.pk} if what == "back" else self.gone | {client.pk}
        elif len(self.silent) < 2:
            suppress(client.contacts.all()[0].normalised, source=Suppression.Source.REPLY, now=self.now)
            self.silent.add(client.pk)

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
        absence_clocks.begin_and_end(self.now)
        self.away[who] = until
        for pk, piece in self.pieces.items():
            if piece.owner == who and piece.state == "activa":
                if gives:
                    self.pieces[pk] = Piece("pool", None)
                elif piece.deadline is not None:
                    midnight = dt.datetime.combine(today, dt.time(0), tzinfo=dt.UTC)
                    piece.left = max(piece.deadline - max(midnight, piece.since), dt.timedelta(0))
                    piece.deadline = None

    @precondition(lambda self: self.away)
    @rule()
    def comes_back_early(self) -> None:
        """Another absence, announced and called off before it comes, changes nothing."""
        [who] = self.away
        day = self.now.date() + dt.timedelta(days=30)
        other = absences.announce(
            self.promoters[who], starts_on=day, ends_on=day, policy=AbsencePolicy.PAUSE, by=self.boss, now=self.now
        )
        absences.call_off(other, by=self.boss, now=self.now)
        self.it_is_what_the_model_says()
        standing = Absence.objects.get(promoter=self.promoters[who], ended_at__isnull=True)
        absences.call_off(standing, by=self.boss, now=self.now)
        self._back(who, self.now)

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
                assert row.extended == piece.extended
            assert row.deadline == piece.deadline
            assert row.paused_seconds == (None if piece.left is None else piece.left.total_seconds())
        used = {(owners[q.promoter_id], q.day): q.used for q in DailyQuota.objects.filter(used__gt=0)}
        assert used == {key: number for key, number in self.used.items() if number}
        limits = {(owners[q.promoter_id], q.day): q.limit for q in DailyQuota.objects.all()}
        assert limits == {key: self.limits.get(key, QUOTA) for key in limits}
        resting = {(owners[one.promoter_id], one.client_id): one.until for one in CoolDown.objects.all()}
        assert resting == self.resting


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
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
