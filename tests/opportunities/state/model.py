"""What the desk's machine expects: who has which client, until when, and what was counted. It knows nothing of rows."""

from __future__ import annotations

import dataclasses
import datetime as dt

from hypothesis.stateful import RuleBasedStateMachine

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import Granted, request_lot
from opportunities.capacity import quota
from opportunities.models import Absence, Opportunity, Promoter
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory

START = dt.datetime(2026, 3, 4, 9, 0, tzinfo=dt.UTC)
QUOTA = 4
EXTENSIONS = 2
WEEK = dt.timedelta(days=7)
CLIENTS = 9
PEOPLE = 3


@dataclasses.dataclass
class Piece:
    """One client being worked, as the model sees it."""

    state: str
    owner: int | None
    since: dt.datetime = START
    # The clock runs to a deadline, or an absence has stopped it with so much left.
    deadline: dt.datetime | None = None
    left: dt.timedelta | None = None
    extended: bool = False


@dataclasses.dataclass
class Action:
    """One bulk action, as it has to be taken back."""

    pk: int
    by: User
    at: dt.datetime
    receiver: int | None
    before: dict[int, Piece]
    # For whom the receiver's limit was raised.
    rooms: dict[int, int]
    resting: dict[tuple[int, int], dt.datetime]


class DeskModel(RuleBasedStateMachine):
    """A desk with its people and clients, and the model beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.funnel = Funnel()
        desk = DeskFactory(daily_quota=QUOTA, weekly_extensions=EXTENSIONS)
        self.promoters: list[Promoter] = PromoterFactory.create_batch(PEOPLE, desk=desk)
        self.boss = UserFactory(role=Role.SUPERVISOR)
        desk.team.supervisors.add(self.boss)
        self.admin = UserFactory(role=Role.ADMINISTRATOR)
        ClientFactory.create_batch(CLIENTS)
        self.now = START
        self.keys = 0
        self.pieces: dict[int, Piece] = {}
        self.used: dict[tuple[int, dt.date], int] = {}
        self.limits: dict[tuple[int, dt.date], int] = {}
        self.extensions: list[tuple[int, dt.datetime]] = []
        self.closed_to: set[int] = set()
        self.gone: set[int] = set()
        self.silent: set[int] = set()
        self.resting: dict[tuple[int, int], dt.datetime] = {}
        self.away: dict[int, dt.date] = {}
        self.undoable: Action | None = None

    def _correct_the_limit(self, who: int, limit: int) -> None:
        today = self.now.date()
        quota.change_limit(self.promoters[who], today, limit, by=self.boss, reason="Hoy otro", now=self.now)
        self.limits[who, today] = max(limit, self._used(who))

    def _ask(self, who: int, quantity: int) -> Granted:
        return request_lot(self.promoters[who], Filters(), quantity, key=f"k{self.keys}", now=self.now)

    def _pick(self, pick: int, *, by: int | None = 0) -> tuple[Opportunity, Piece]:
        """Any of them; for its owner (None) one that is being worked, if there is one."""
        worked = [pk for pk, piece in self.pieces.items() if piece.state == "activa"] if by is None else []
        pks = sorted(worked or self.pieces)
        row = Opportunity.objects.get(pk=pks[pick % len(pks)])
        return row, self.pieces[row.pk]

    def _fresh(self, owner: int, *, minutes: int = 60, extended: bool = False) -> Piece:
        """It has just entered a stage."""
        timer = dt.timedelta(minutes=minutes)
        if self._clocks_stand(owner):
            return Piece("activa", owner, self.now, left=timer, extended=extended)
        return Piece("activa", owner, self.now, deadline=self.now + timer, extended=extended)

    def _leave_clock(self, pk: int, state: str) -> None:
        self.pieces[pk] = Piece(state, self.pieces[pk].owner, self.now, extended=self.pieces[pk].extended)

    def _come_back(self, row: Opportunity) -> None:
        """From the inbox, to whom it was."""
        owner = self.pieces[row.pk].owner or 0
        self.pieces[row.pk] = self._fresh(owner, extended=self.pieces[row.pk].extended)
        self.resting.pop((owner, row.client_id), None)

    def _back(self, who: int, since: dt.datetime) -> None:
        """Their clocks go on."""
        del self.away[who]
        for piece in self.pieces.values():
            if piece.owner == who and piece.left is not None:
                piece.deadline, piece.left = max(since, piece.since) + piece.left, None

    def _gave_away_since(self, action: Action, piece: Piece) -> bool:
        given = Absence.objects.filter(policy="redistribuir", begun_at__gt=action.at, ended_at__isnull=True)
        owners = [self.promoters.index(one.promoter) for one in given.select_related("promoter")]
        return piece.state == "activa" and piece.owner in owners

    def _absent(self, who: int) -> bool:
        return who in self.away and self.away[who] >= self.now.date()

    def _overdue(self, piece: Piece) -> bool:
        return piece.state == "activa" and piece.deadline is not None and piece.deadline <= self.now

    def _clocks_stand(self, who: int) -> bool:
        standing = Absence.objects.filter(promoter=self.promoters[who], policy="pausar", ended_at__isnull=True)
        return standing.exists()

    def _used(self, who: int) -> int:
        return self.used.get((who, self.now.date()), 0)

    def _left(self, who: int) -> int:
        return self.limits.get((who, self.now.date()), QUOTA) - self._used(who)

    def _charge(self, who: int, number: int, *, day: dt.date | None = None) -> None:
        key = who, day or self.now.date()
        self.used[key] = self.used.get(key, 0) + number

    def _fits(self, piece: Piece, target: int, *, over: bool = False) -> bool:
        theirs = piece.state == "activa" and piece.owner == target
        closed = piece.state in {"ganada", "perdida"}
        receives = not self._absent(target) and target not in self.closed_to
        return not closed and not theirs and receives and (over or self._left(target) > 0)

    def _give(self, row: Opportunity, target: int) -> int:
        """Returns by how much the limit was raised for it."""
        self.pieces[row.pk] = self._fresh(target)
        self.resting.pop((target, row.client_id), None)
        room = max(1 - self._left(target), 0)
        self.limits[target, self.now.date()] = self._used(target) + self._left(target) + room
        self._charge(target, 1)
        return room

    def _rest(self, row: Opportunity, *, days: int) -> None:
        owner = self.pieces[row.pk].owner
        if owner is not None:
            until = self.now + dt.timedelta(days=days)
            key = owner, row.client_id
            self.resting[key] = max(until, self.resting.get(key, until))

    def _let_go(self, pk: int, *, days: int) -> None:
        self._rest(Opportunity.objects.get(pk=pk), days=days)
        self.pieces[pk] = Piece("pool", None)
