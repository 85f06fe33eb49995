"""Somebody goes on leave, or comes back, in the very moment in which they are given something."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment import capture
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import AbsencePolicy, OpportunityState
from opportunities.errors import Refused
from opportunities.funnel import moves
from opportunities.models import BulkAction, Opportunity, Promoter
from opportunities.supervision import absences, bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import absence_clocks
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.faults.desk_crowd import errors, overtaken

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
TOMORROW = NOW + dt.timedelta(days=1)


@dataclasses.dataclass
class Desk:
    """`leaving` is about to go; `colleague` has one active, one in the inbox is `leaving`'s, one was just pooled."""

    funnel: Funnel
    leaving: Promoter
    colleague: Promoter
    boss: User
    theirs: int
    exit: int
    pooled: int

    def fresh(self) -> Promoter:
        return Promoter.objects.select_related("user", "desk__team", "desk__calendar").get(pk=self.leaving.pk)

    # --- What gives them something ------------------------------------------------------------------------------------

    def request(self) -> object:
        return request_lot(self.fresh(), Filters(), 2, key="durante", now=NOW)

    def capture(self) -> object:
        return capture.capture(self.fresh(), capture.NewClient(name="Ana", phones=["+5493515550001"]), key="k", now=NOW)

    def reassign(self) -> object:
        return decisions.reassign(self.theirs, self.fresh(), by=self.boss, now=NOW)

    def reassign_tomorrow(self) -> object:
        return decisions.reassign(self.theirs, self.fresh(), by=self.boss, now=TOMORROW)

    def give_back(self) -> object:
        return decisions.give_back(self.exit, by=self.boss, now=NOW)

    def give_back_in_bulk(self) -> object:
        return bulk.give_back([self.exit], by=self.boss, now=NOW)

    def undo(self) -> object:
        return undo(BulkAction.objects.get(), by=self.boss, now=NOW)

    # --- What takes them away -----------------------------------------------------------------------------------------

    def leave(self, policy: AbsencePolicy) -> None:
        absences.announce(self.fresh(), starts_on=TODAY, ends_on=TODAY, policy=policy, by=self.boss, now=NOW)
        absence_clocks.begin_and_end(NOW + dt.timedelta(seconds=1))


@pytest.fixture
def desk() -> Desk:
    funnel, rules = Funnel(), DeskFactory()
    leaving, colleague = PromoterFactory.create_batch(2, desk=rules)
    boss = UserFactory(role=Role.SUPERVISOR)
    rules.team.supervisors.add(boss)
    ClientFactory.create_batch(3)
    request_lot(colleague, Filters(), 1, key="k", now=NOW)
    request_lot(leaving, Filters(), 2, key="k", now=NOW)
    theirs, left, pooled = Opportunity.objects.order_by("id").values_list("pk", flat=True)
    moves.move(left, funnel.no_answer, by=leaving.user, version=1, now=NOW)
    bulk.return_to_pool([pooled], by=boss, now=NOW)
    ClientFactory.create_batch(4)
    return Desk(funnel, leaving, colleague, boss, theirs, left, pooled)


# Each gift, and the step between its look at who is away and its commit.
GIFTS: list[tuple[Callable[[Desk], object], str]] = [
    (Desk.request, "opportunities.assignment.request.draw"),
    (Desk.capture, "opportunities.assignment.capture._register"),
    (Desk.reassign, "opportunities.supervision.decisions.entering"),
    (Desk.give_back, "opportunities.supervision.decisions.entering"),
    (Desk.give_back_in_bulk, "opportunities.supervision.decisions.entering"),
    (Desk.undo, "opportunities.state.machine.change"),
]
ids = [gift.__name__ for gift, _at in GIFTS]


@pytest.mark.parametrize(("gift", "at"), GIFTS, ids=ids)
def test_what_is_given_while_an_absence_begins_has_its_clock_stopped_too(
    desk: Desk, gift: Callable[[Desk], object], at: str
) -> None:
    outcomes = overtaken(lambda: gift(desk), lambda: desk.leave(AbsencePolicy.PAUSE), at=at)

    assert errors(outcomes, allowed=Refused) == []
    assert not Opportunity.objects.active().filter(owner=desk.leaving, deadline__isnull=False).exists()
    assert findings() == []


@pytest.mark.parametrize(("gift", "at"), GIFTS, ids=ids)
def test_what_is_given_while_work_is_given_away_goes_with_it(
    desk: Desk, gift: Callable[[Desk], object], at: str
) -> None:
    outcomes = overtaken(lambda: gift(desk), lambda: desk.leave(AbsencePolicy.REDISTRIBUTE), at=at)

    assert errors(outcomes, allowed=Refused) == []
    assert not Opportunity.objects.active().filter(owner=desk.leaving).exists()
    assert findings() == []


@pytest.mark.parametrize("gift", [Desk.reassign_tomorrow, Desk.undo], ids=["reassign", "undo"])
def test_no_clock_stands_still_for_ever_because_an_absence_ended_beside(
    desk: Desk, gift: Callable[[Desk], object]
) -> None:
    """It was stopped because its owner was away, and they are back by the time that it is committed."""
    desk.leave(AbsencePolicy.PAUSE)

    outcomes = overtaken(
        lambda: gift(desk), lambda: absence_clocks.begin_and_end(TOMORROW), at="opportunities.state.machine.change"
    )

    assert errors(outcomes) == []
    theirs = Opportunity.objects.filter(owner=desk.leaving, state=OpportunityState.ACTIVE)
    assert theirs.exists()
    assert not theirs.filter(paused_seconds__isnull=False).exists()
    assert findings() == []
