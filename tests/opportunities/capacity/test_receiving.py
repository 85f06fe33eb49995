"""Who is not there receives nothing, by whichever door; and a team's pool is that team's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment import capture, facets
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import AbsencePolicy
from opportunities.errors import Unavailable
from opportunities.funnel import moves
from opportunities.models import DailyQuota, Opportunity, Promoter
from opportunities.supervision import absences, bulk, decisions
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


class World:
    """Somebody with an exit in the inbox, a colleague with something to give, and free clients."""

    def __init__(self) -> None:
        funnel, desk = Funnel(), DeskFactory()
        self.who: Promoter
        self.who, self.colleague = PromoterFactory.create_batch(2, desk=desk)
        self.boss: User = UserFactory(role=Role.SUPERVISOR)
        desk.team.supervisors.add(self.boss)
        ClientFactory.create_batch(2)
        request_lot(self.who, Filters(), 1, key="k", now=NOW)
        request_lot(self.colleague, Filters(), 1, key="k", now=NOW)
        self.exit = Opportunity.objects.get(owner=self.who)
        self.given = Opportunity.objects.get(owner=self.colleague)
        moves.move(self.exit.pk, funnel.no_answer, by=self.who.user, version=1, now=NOW)
        ClientFactory.create_batch(3)

    # --- How one is not there -----------------------------------------------------------------------------------------

    def deactivated(self) -> None:
        User.objects.filter(pk=self.who.user_id).update(is_active=False)

    def closed(self) -> None:
        Promoter.objects.filter(pk=self.who.pk).update(available=False)

    def absent(self) -> None:
        """Announced a moment ago: the cron has not come."""
        today = NOW.date()
        absences.announce(self.who, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=self.boss, now=NOW)

    # --- The doors, with what the caller read before --------------------------------------------------------------------

    def request(self) -> None:
        request_lot(self.who, Filters(), 1, key="otra", now=NOW)

    def reassign(self) -> None:
        decisions.reassign(self.given.pk, self.who, by=self.boss, now=NOW)

    def reassign_over_the_quota(self) -> None:
        admin = UserFactory(role=Role.ADMINISTRATOR)
        decisions.reassign(self.given.pk, self.who, by=admin, now=NOW, reason="Urge", over_quota=True)

    def reassign_in_bulk(self) -> None:
        [reason] = bulk.reassign([self.given.pk], self.who, by=self.boss, now=NOW).refused.values()
        raise Unavailable(reason)

    def give_back(self) -> None:
        decisions.give_back(self.exit.pk, by=self.boss, now=NOW)

    def give_back_in_bulk(self) -> None:
        [reason] = bulk.give_back([self.exit.pk], by=self.boss, now=NOW).refused.values()
        raise Unavailable(reason)

    def capture(self) -> None:
        person = capture.NewClient(name="Ana", phones=["+5493515550001"])
        capture.capture(self.who, person, key="k", now=NOW)


@pytest.fixture
def world(db: None) -> World:
    return World()


Step = Callable[[World], None]
_ANYWAY = [World.request, World.reassign, World.reassign_over_the_quota, World.reassign_in_bulk]
_OWN = [World.give_back, World.give_back_in_bulk]


@pytest.mark.parametrize(
    ("away", "door"),
    [
        *((World.deactivated, door) for door in (*_ANYWAY, *_OWN, World.capture)),
        # What comes back to its owner and what they bring themselves is not assigned to them.
        *((World.closed, door) for door in _ANYWAY),
        *((World.absent, door) for door in (*_ANYWAY, *_OWN)),
    ],
    ids=lambda step: step.__name__,
)
def test_who_is_not_there_receives_nothing(world: World, away: Step, door: Step) -> None:
    away(world)
    with pytest.raises(Unavailable):
        door(world)
    assert Opportunity.objects.filter(owner=world.who).get() == world.exit
    assert DailyQuota.objects.get(promoter=world.who).used == 1
    assert findings() == []


def test_a_full_desk_gets_no_more_from_a_supervisor_either(world: World) -> None:
    world.who.capacity = 0
    world.who.save()
    report = bulk.reassign([world.given.pk], world.who, by=world.boss, now=NOW)
    assert "máximo" in report.refused[world.given.pk]
    assert DailyQuota.objects.get(promoter=world.who).used == 1


def test_another_teams_pool_is_neither_counted_nor_drawn(world: World) -> None:
    decisions.return_to_pool(world.exit.pk, by=world.boss, now=NOW)
    stranger = PromoterFactory()
    assert facets.count(stranger, Filters(), now=NOW) == 3
    assert request_lot(stranger, Filters(), 9, key="k", now=NOW).granted == 3
    assert facets.count(world.colleague, Filters(), now=NOW) == 1
    assert request_lot(world.colleague, Filters(), 9, key="otra", now=NOW).granted == 1
    assert findings() == []
