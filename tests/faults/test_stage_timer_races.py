"""A stage's timer changes while somebody sets a clock by it: whoever sets one holds the stage, and the change waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from leadmaster.accounts.roles import Role
from opportunities.assignment import capture
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import AbsencePolicy
from opportunities.funnel import moves
from opportunities.models import BulkAction, Opportunity, Promoter, Stage
from opportunities.supervision import absences, bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import absence_clocks, extension, recalculation
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.faults.desk_crowd import at_once, errors, overtaken

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=10)


class Scene:
    """A promoter with two clocks, a colleague, their supervisor."""

    def __init__(self) -> None:
        self.funnel = Funnel()
        self.owner: Promoter = PromoterFactory(daily_quota=100)
        self.colleague: Promoter = PromoterFactory(desk=self.owner.desk)
        self.boss = UserFactory(role=Role.SUPERVISOR)
        self.owner.desk.team.supervisors.add(self.boss)
        ClientFactory.create_batch(6)
        self.ask(2, "k")
        self.row, self.other = Opportunity.objects.order_by("id")

    def ask(self, quantity: int, key: str) -> None:
        request_lot(self.owner, Filters(), quantity, key=key, now=NOW)

    def timer(self, stage: Stage, minutes: int | None) -> object:
        return recalculation.change_stage(stage, timer_minutes=minutes, by=self.boss, now=LATER)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def move(scene: Scene) -> object:
    return moves.move(scene.row.pk, scene.funnel.contacted, by=scene.owner.user, version=1, now=LATER)


def request(scene: Scene) -> object:
    return request_lot(scene.owner, Filters(), 2, key="más", now=LATER)


def captured(scene: Scene) -> object:
    person = capture.NewClient(name="Ana", phones=["+5493515550000"])
    return capture.capture(scene.owner, person, key="k", now=LATER)


def reassign(scene: Scene) -> object:
    return decisions.reassign(scene.row.pk, scene.colleague, by=scene.boss, now=LATER)


def extend(scene: Scene) -> object:
    return extension.extend(scene.row.pk, by=scene.owner.user, version=1, now=LATER)


def give_back(scene: Scene) -> object:
    moves.move(scene.row.pk, scene.funnel.no_answer, by=scene.owner.user, version=1, now=NOW)
    return lambda: decisions.give_back(scene.row.pk, by=scene.boss, now=LATER)


def take_back(scene: Scene) -> object:
    bulk.return_to_pool([scene.row.pk], by=scene.boss, now=NOW)
    return lambda: undo(BulkAction.objects.get(), by=scene.boss, now=LATER)


def leave(scene: Scene) -> object:
    day = NOW.date()
    absences.announce(scene.owner, starts_on=day, ends_on=day, policy=AbsencePolicy.PAUSE, by=scene.boss, now=NOW)
    return lambda: absence_clocks.begin_and_end(LATER)


def come_back(scene: Scene) -> object:
    absence = absences.announce(
        scene.owner, starts_on=NOW.date(), ends_on=NOW.date(), policy=AbsencePolicy.PAUSE, by=scene.boss, now=NOW
    )
    absence_clocks.begin_and_end(NOW)
    return lambda: absences.call_off(absence, by=scene.boss, now=LATER)


_AT_ONCE = {move: "change", request: "open_new", captured: "open_new", reassign: "change", extend: "change"}
_PREPARED = {give_back: "change", take_back: "change", leave: "retime", come_back: "retime"}


@pytest.mark.parametrize("minutes", [20, 240, None])
@pytest.mark.parametrize(("verb", "writes"), [*_AT_ONCE.items(), *_PREPARED.items()])
def test_a_clock_that_is_set_while_its_timer_changes_is_of_the_new_one(
    scene: Scene, verb: Callable[[Scene], object], writes: str, minutes: int | None
) -> None:
    """Whoever sets it stands between reading the timer and writing the clock."""
    prepared = verb(scene) if verb in _PREPARED else None
    sets = prepared if callable(prepared) else lambda: verb(scene)
    stage = scene.funnel.contacted if verb is move else scene.funnel.new

    outcomes = overtaken(sets, lambda: scene.timer(stage, minutes), at=f"opportunities.state.machine.{writes}")

    assert errors(outcomes) == []
    stage.refresh_from_db()
    assert stage.timer_minutes == minutes
    assert findings() == []


def test_a_stage_without_a_timer_that_gets_one_leaves_no_clock_behind(scene: Scene) -> None:
    scene.timer(scene.funnel.contacted, None)

    outcomes = overtaken(
        lambda: move(scene), lambda: scene.timer(scene.funnel.contacted, 30), at="opportunities.state.machine.change"
    )

    assert errors(outcomes) == []
    scene.row.refresh_from_db()
    assert scene.row.deadline == LATER + dt.timedelta(minutes=30)
    assert findings() == []


def test_many_hands_and_a_timer_that_changes_again_and_again(scene: Scene) -> None:
    calls: list[Callable[[], object]] = [lambda: scene.ask(1, "a"), lambda: scene.ask(1, "b")]
    calls += [lambda: move(scene), lambda: decisions.return_to_pool(scene.other.pk, by=scene.boss, now=LATER)]
    calls += [lambda minutes=minutes: scene.timer(scene.funnel.new, minutes) for minutes in (30, 90)]  # type: ignore[misc]

    at_once(calls)
    recalculation.apply_backlog(LATER)

    assert findings() == []
