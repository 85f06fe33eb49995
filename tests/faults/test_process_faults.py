"""Faults 1–4 and 12–14: what happens to the process that sends. (11 is in test_crowds, 15 in tests/chaos.)"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django_q.exceptions import TimeoutException

from campaigns.engine import dispatch, send
from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Envio, Lane, SessionDay
from tests.faults.behaviours import BY_NAME, OK
from tests.faults.harness import Crash, Crashes, World
from tests.faults.lives import a_turning_point, from_the_first_dispatch_on, wrongs
from tests.faults.world import Behaviour
from whatsapp.gateways.base import Capability, OutboundMessage

pytestmark = pytest.mark.django_db(transaction=True)


def die(world: World, *, at: str, nth: int = 0) -> None:
    """One tick that ends at the `nth` point of this name."""
    world.crashes = Crashes(at=nth, only=at)
    with pytest.raises(Crash), world.crashes.armed():
        world.tick()
    world.crashes = None


# --- SIGKILL at the four places that matter --------------------------------------------------------------------------


def test_fault_01_killed_before_the_claim_commits() -> None:
    world = World()
    world.campaign(envios=1)
    # The claim is the transaction that opens a try.
    quoted = connection.ops.quote_name("campaigns_attempt")
    die(world, at=f"after INSERT INTO {quoted}")
    world.restart()

    assert Envio.objects.get().state == EnvioState.PENDING
    assert not Attempt.objects.exists()
    assert not Lane.objects.filter(busy=True).exists()
    assert SessionDay.objects.get().used == 0
    world.run_minutes(1)
    assert world.states() == {EnvioState.SENT: 1}
    assert world.findings() == []


def test_fault_02_killed_after_the_claim_before_the_connection() -> None:
    world = World()
    world.campaign(envios=1)
    die(world, at="before submit")
    world.restart()
    assert world.states() == {EnvioState.SENDING: 1}

    world.come_to_rest()

    assert world.states() == {EnvioState.SENT: 1}
    assert list(Attempt.objects.values_list("outcome", flat=True)) == [AttemptOutcome.NOT_SENT, AttemptOutcome.SENT]
    assert world.findings() == []


@pytest.mark.parametrize("arrived", [True, False])
def test_fault_03_killed_while_the_request_is_written(arrived: bool) -> None:
    world = World()
    world.campaign(envios=1)

    def killed(_message: OutboundMessage) -> Behaviour:
        return Behaviour(delivers=arrived, raises=Crash())

    world.provider.behave = killed
    with contextlib.suppress(Crash):
        world.tick()
    world.provider.behave = OK
    world.restart()
    world.come_to_rest()

    assert len(world.provider.ledger) == arrived
    assert world.states() == {EnvioState.UNCERTAIN: 1}
    assert world.findings() == []


def test_fault_04_killed_between_the_gateways_ok_and_our_commit_is_found_by_asking() -> None:
    world = World(capabilities=[Capability.LOOKUP])
    world.campaign(envios=1)
    die(world, at="after collect", nth=1)
    world.restart()
    world.come_to_rest()

    assert len(world.provider.ledger) == 1
    assert world.states() == {EnvioState.SENT: 1}
    assert world.findings() == []


# --- The queue -------------------------------------------------------------------------------------------------------


def test_fault_12_the_queue_hands_out_the_tick_again_while_the_first_is_at_work() -> None:
    world = World()
    world.campaign(envios=2)
    ran: list[bool] = []
    minute = world.now
    world.provider.asked = lambda: ran.append(world.tick(minute).ran)

    report = world.tick(minute)

    assert report.ran
    assert ran == [False, False]
    assert len(world.provider.ledger) == 2
    assert world.findings() == []


@pytest.mark.parametrize("name", ["ok", "409 not ready"])
def test_fault_13_the_clusters_time_out_strikes_anywhere_and_the_process_goes_on(name: str) -> None:
    kind = BY_NAME[name]
    wanted = a_turning_point if kind is OK else from_the_first_dispatch_on
    found = wrongs([World().campaign(max_attempts=3)], kind, envios=[1], wanted=wanted, error=TimeoutException)

    assert list(found) == []


# --- Stopped and continued -------------------------------------------------------------------------------------------


def stopped_for_six_minutes(world: World) -> None:
    """While this process is stopped, another one goes on: it reaps what ran out and sends what is due."""
    kept, world.provider.asked = world.provider.asked, lambda: None
    world.clock.time += dt.timedelta(minutes=6)
    world.tick()
    world.clock.time += dt.timedelta(minutes=1)
    world.tick()
    world.provider.asked = kept
    world.provider.answer_after = 0.0


def once(act: Callable[[], None]) -> Callable[[], None]:
    done: list[bool] = []

    def only_once() -> None:
        if not done:
            done.append(True)
            act()

    return only_once


def test_fault_14_stopped_before_the_dispatch_it_sends_nothing() -> None:
    world = World()
    world.campaign(envios=1)
    world.provider.asked = once(lambda: stopped_for_six_minutes(world))

    report = world.tick()

    assert report.outcomes == {"withdrawn": 1}
    assert len(world.provider.ledger) == 1
    envio = Envio.objects.get()
    assert (envio.state, envio.attempts) == (EnvioState.SENT, 2)
    assert list(Attempt.objects.values_list("outcome", flat=True)) == [AttemptOutcome.NOT_SENT, AttemptOutcome.SENT]
    assert world.findings() == []


def test_fault_14_stopped_between_the_dispatch_and_the_socket_it_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.campaign(envios=1)
    boot = [0.0]
    monkeypatch.setattr(send, "boot_seconds", lambda: boot[0])
    monkeypatch.setattr(dispatch, "boot_seconds", lambda: boot[0])
    real = dispatch.commit_dispatch

    def commits_and_stops(*args: object, **kwargs: object) -> bool:
        held = real(*args, **kwargs)  # type: ignore[arg-type]
        monkeypatch.setattr(send, "commit_dispatch", real)
        boot[0] += 420
        stopped_for_six_minutes(world)
        return held

    monkeypatch.setattr(send, "commit_dispatch", commits_and_stops)

    world.tick()

    assert world.provider.ledger == []
    # Nobody may resend it by themselves: to the others it looked as if it had left.
    assert world.states() == {EnvioState.UNCERTAIN: 1}
    assert world.findings() == []


def test_fault_14_stopped_with_the_request_half_written_its_result_is_merged() -> None:
    world = World()
    world.campaign(envios=1)

    def slept(_message: OutboundMessage) -> Behaviour:
        world.provider.behave = OK
        stopped_for_six_minutes(world)
        assert world.states() == {EnvioState.UNCERTAIN: 1}
        return Behaviour(seconds=0.0)

    world.provider.behave = slept

    world.tick()

    assert len(world.provider.ledger) == 1
    assert world.states() == {EnvioState.SENT: 1}
    assert world.findings() == []
