"""Leases that ran out."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.db import transaction

from campaigns import receipts
from campaigns.engine import reap
from campaigns.enums import AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Campaign, Envio, EnvioEvent, Lane, SessionDay
from tests.factories.campaigns import WrittenReplyFactory
from tests.faults.harness import Crash, Crashes, World
from tests.faults.world import VirtualGateway
from whatsapp.gateways.base import GatewayConfig

pytestmark = pytest.mark.django_db(transaction=True)


def dies(world: World, *, before: str) -> None:
    """One tick that dies just before this happens for the first time."""
    world.crashes = Crashes(at=0, only=before)
    with pytest.raises(Crash), world.crashes.armed():
        world.tick()
    world.crashes = None


def dies_with_the_message_on_the_wire(world: World) -> None:
    world.crashes = Crashes(at=1, only="after submit")  # the first submission asks how the session is
    with pytest.raises(Crash), world.crashes.armed():
        world.tick()
    world.crashes = None


def lease_is_over(world: World) -> int:
    world.clock.time += dt.timedelta(seconds=301)
    return reap.reap(world.now, rng=random.Random(1))


def test_what_never_left_goes_back_with_its_charge() -> None:
    world = World()
    world.campaign(envios=1)
    dies(world, before="before submit")

    assert lease_is_over(world) == 1

    envio, attempt = Envio.objects.get(), Attempt.objects.get()
    assert (envio.state, envio.attempts, envio.lane) == (EnvioState.PENDING, 1, None)
    assert envio.next_due > world.now
    assert (attempt.outcome, attempt.counted, attempt.refunded) == (AttemptOutcome.NOT_SENT, True, True)
    assert SessionDay.objects.get().used == 0
    assert EnvioEvent.objects.get().evidence == Evidence.LEASE
    assert world.findings() == []


def test_what_may_have_left_is_a_doubt_and_stays_charged() -> None:
    world = World()
    world.campaign(envios=1)
    dies_with_the_message_on_the_wire(world)

    assert lease_is_over(world) == 1

    envio, attempt = Envio.objects.get(), Attempt.objects.get()
    assert (envio.state, attempt.outcome) == (EnvioState.UNCERTAIN, AttemptOutcome.UNKNOWN)
    assert attempt.dispatched_at == envio.dispatched_at
    assert SessionDay.objects.get().used == 1
    assert world.findings() == []


def test_a_lease_that_holds_is_left_alone() -> None:
    world = World()
    world.campaign(envios=1)
    dies_with_the_message_on_the_wire(world)
    world.clock.time += dt.timedelta(seconds=290)

    assert reap.reap(world.now, rng=random.Random(1)) == 0

    assert world.states() == {EnvioState.SENDING: 1}


def test_a_lane_keeps_its_pause_after_a_message_that_may_have_left() -> None:
    world = World()
    world.campaign(envios=2, delay=900)
    dies_with_the_message_on_the_wire(world)

    lease_is_over(world)

    left_at = Attempt.objects.get().dispatched_at
    assert left_at is not None
    assert Lane.objects.get().next_due == left_at + dt.timedelta(seconds=900)


def test_a_lane_counts_the_message_that_may_have_left_in_its_burst() -> None:
    world = World()
    world.campaign(envios=2, burst_size=1, burst_pause=3600)
    dies_with_the_message_on_the_wire(world)

    lease_is_over(world)

    assert Lane.objects.get().next_due > world.now + dt.timedelta(minutes=50)


@pytest.mark.parametrize("dispatched", [True, False])
def test_a_try_whose_row_was_proved_by_a_callback_is_closed_with_its_lane(dispatched: bool) -> None:
    world = World()
    world.campaign(envios=1)
    if dispatched:
        dies_with_the_message_on_the_wire(world)
    else:
        dies(world, before="before submit")
    with transaction.atomic():
        receipts.prove_sent(
            Envio.objects.get().pk, message_id="true_older", evidence=Evidence.CALLBACK, at=world.now, now=world.now
        )

    lease_is_over(world)

    attempt = Attempt.objects.get()
    assert attempt.outcome == (AttemptOutcome.UNKNOWN if dispatched else AttemptOutcome.NOT_SENT)
    assert attempt.refunded is not dispatched
    assert not Lane.objects.filter(busy=True).exists()
    assert world.states() == {EnvioState.SENT: 1}


def test_fault_16_a_row_that_kills_its_process_each_time_ends_and_the_others_flow() -> None:
    world = World()
    poisoned = world.campaign(envios=1, max_attempts=3)
    other = world.campaign(envios=3)
    opens = world.provider.open

    def kills(config: GatewayConfig) -> VirtualGateway:
        if config.tenant_id == poisoned.session.tenant_id:
            raise Crash
        return opens(config)

    world.provider.open = kills  # type: ignore[method-assign]
    deaths = 0
    for _ in range(12):
        try:
            world.run_minutes(1)
        except Crash:
            deaths += 1
            world.restart()

    assert deaths == 3
    envio = poisoned.envios.get()
    assert (envio.state, envio.error_code, envio.attempts) == (EnvioState.ERROR, "MAX_ATTEMPTS", 3)
    assert set(other.envios.values_list("state", flat=True)) == {EnvioState.SENT}
    assert world.findings() == []


def test_one_lane_that_cannot_be_reaped_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    bad, good = world.campaign(envios=1), world.campaign(envios=1)
    dies_with_the_message_on_the_wire(world)
    busy = list(Lane.objects.filter(busy=True).order_by("id"))
    assert [lane.session_id for lane in busy] == [bad.session_id, good.session_id]
    real = reap._reap_lane

    def breaks(lane_id: int, *args: Any) -> int:
        if lane_id == busy[0].pk:
            raise Attempt.DoesNotExist
        return real(lane_id, *args)

    monkeypatch.setattr(reap, "_reap_lane", breaks)

    assert lease_is_over(world) == 1

    assert list(Lane.objects.filter(busy=True).values_list("session_id", flat=True)) == [bad.session_id]
    assert any(record.levelname == "CRITICAL" for record in caplog.records)
    assert Campaign.objects.count() == 2


def test_a_reply_that_never_left_gives_its_campaigns_no_shorter_pause() -> None:
    world = World()
    campaign = world.campaign(envios=2, delay=3600)
    world.tick()
    due = Lane.objects.get().next_due
    world.clock.time += dt.timedelta(minutes=1)
    WrittenReplyFactory.create(session=campaign.session, next_due=world.now, created_at=world.now)
    dies(world, before="before submit")
    assert Lane.objects.get().busy

    assert lease_is_over(world) == 1

    lane = Lane.objects.get()
    assert (lane.busy, lane.next_due) == (False, due)
    assert world.now < due
