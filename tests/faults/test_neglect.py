"""I9: whatever is due is tried as soon as a lane is free, and the judge of it sees when it is not."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from campaigns import switch
from campaigns.engine.claim import Candidate, candidates
from campaigns.enums import EnvioState
from campaigns.models import Attempt, Lane, Schedule
from leadmaster.accounts.roles import Role
from tests.factories.accounts import UserFactory
from tests.faults import checker
from tests.faults.harness import World
from whatsapp.gateways.base import SessionState

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lane_that_nobody_claims_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.campaign(envios=40, delay=60, session__lane_count=3)
    world.run_minutes(1)
    forgotten = Lane.objects.order_by("id")[1]

    def all_but_one(*args: Any, **kwargs: Any) -> list[Candidate]:
        return [lane for lane in candidates(*args, **kwargs) if lane.lane_id != forgotten.pk]

    monkeypatch.setattr("campaigns.engine.tick.candidates", all_but_one)

    world.run_minutes(2)
    assert world.neglected == []  # free for less than two ticks
    world.run_minutes(3)

    assert world.neglected
    assert {finding.split(" has been")[0] for finding in world.neglected} == {f"I9: lane {forgotten.pk}"}
    assert set(world.neglected) <= set(world.findings())


def test_a_lane_that_may_not_send_is_not_neglected() -> None:
    world = World()
    world.campaign(envios=9, daily_cap=2)
    world.campaign(envios=9, session__daily_limit=3)
    away = world.campaign(envios=9)
    world.provider.state[away.session.tenant_id] = SessionState.AWAITING_QR
    world.campaign(envios=9, max_attempts=1, session__cold_until=world.now + dt.timedelta(hours=1))

    world.run_minutes(6)

    assert world.states() == {EnvioState.SENT: 5, EnvioState.PENDING: 31}
    assert world.findings() == []
    # The reasons were what kept them: without them the same lanes are found.
    Schedule.objects.update(daily_cap=500)
    assert len(checker.neglected(world.now, since=world.now - dt.timedelta(minutes=2))) == 1


def test_a_switch_that_is_off_neglects_nobody() -> None:
    world = World()
    world.campaign(envios=20, delay=30)
    world.run_minutes(2)
    switch.turn(on=False, by=None, reason="Prueba", now=world.now)
    world.run_minutes(6)
    assert world.findings() == []

    switch.turn(on=True, by=UserFactory(role=Role.ADMINISTRATOR), reason="Prueba", now=world.now)

    assert checker.neglected(world.now, since=world.now - dt.timedelta(minutes=2))
    world.run_minutes(2)
    assert world.findings() == []


@pytest.mark.parametrize("delay", [5, 60, 120])
def test_campaigns_of_one_line_take_turns_whatever_its_pace(delay: int) -> None:
    world = World()
    first = world.campaign(envios=60, delay=delay)
    for _ in range(2):
        world.campaign(envios=60, delay=delay, session=first.session)
    # A second line that is due in the same moments: their turns must not fall into step.
    world.campaign(envios=60, delay=delay)
    started = world.now

    world.run_minutes(6 if delay == 5 else 50)

    assert checker.starved(since=started, turns=20) == []
    turns = Counter(Attempt.objects.filter(envio__session=first.session).values_list("envio__campaign_id", flat=True))
    assert len(turns) == 3
    assert min(turns.values()) >= sum(turns.values()) / 12
    assert world.findings() == []
