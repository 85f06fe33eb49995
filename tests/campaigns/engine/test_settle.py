"""One answer, one transaction, by the token that still holds the row."""

from __future__ import annotations

import datetime as dt
import random
import uuid

import pytest

from campaigns.engine import statements
from campaigns.engine.claim import Claim, candidates, claim, ensure_lanes
from campaigns.engine.plan import ensure_days, make_plan
from campaigns.engine.settle import Answer, close_attempt, refund, settle
from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Envio, Lane, ScheduleDay, SessionDay
from tests.factories.campaigns import campaign_of
from tests.faults.harness import World
from whatsapp.gateways.base import GatewayError, Outcome, Scope, SendResult

pytestmark = pytest.mark.django_db(transaction=True)

RNG = random.Random(1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def held(world: World) -> Claim:
    """One envío in flight."""
    world.campaign(envios=1, delay=30)
    plan = make_plan(world.now)
    ensure_days(plan)
    ensure_lanes(plan, now=world.now)
    lanes = [lane.lane_id for lane in candidates(plan.slots, until=world.now)]
    [one] = claim(lanes, plan.slots, now=world.now).claims
    return one


def answer(result: SendResult | GatewayError, world: World) -> Answer:
    return Answer(result=result, dispatched_at=world.now, duration_ms=1500, host="gateway:3011")


def failure(outcome: Outcome) -> GatewayError:
    return GatewayError("No.", outcome=outcome, scope=Scope.MESSAGE, code="CODE")


def taken_over() -> uuid.UUID:
    """Somebody else holds envío and lane now."""
    other = uuid.uuid4()
    Envio.objects.update(token=other)
    Lane.objects.update(token=other)
    return other


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_failure_by_a_worker_that_no_longer_holds_the_row_changes_nothing(
    outcome: Outcome, held: Claim, world: World
) -> None:
    other = taken_over()

    assert settle(held, answer(failure(outcome), world), now=world.now, rng=RNG) is None

    envio = Envio.objects.get()
    assert (envio.state, envio.token) == (EnvioState.SENDING, other)
    assert Lane.objects.get().busy
    assert SessionDay.objects.get().used == 1


def test_a_success_by_a_worker_that_no_longer_holds_the_row_is_true_all_the_same(held: Claim, world: World) -> None:
    taken_over()
    result = SendResult(message_id="true_1", http_status=200, host="gateway:3011")

    settle(held, answer(result, world), now=world.now, rng=RNG)

    envio = Envio.objects.get()
    assert (envio.state, envio.message_id) == (EnvioState.SENT, "true_1")
    assert Attempt.objects.get().outcome == AttemptOutcome.SENT


@pytest.mark.parametrize(
    ("result", "state", "used"),
    [
        (SendResult(message_id="true_1", http_status=200, host="h"), EnvioState.SENT, 1),
        (failure(Outcome.REFUSED), EnvioState.ERROR, 0),
        (failure(Outcome.NOT_SENT), EnvioState.PENDING, 0),
        (failure(Outcome.UNKNOWN), EnvioState.UNCERTAIN, 1),
    ],
)
def test_settling_twice_is_settling_once(
    result: SendResult | GatewayError, state: EnvioState, used: int, held: Claim, world: World
) -> None:
    for _time in range(2):
        settle(held, answer(result, world), now=world.now, rng=RNG)

    envio, lane = Envio.objects.get(), Lane.objects.get()
    assert envio.state == state
    assert (lane.busy, lane.next_due) == (False, world.now + dt.timedelta(seconds=30))
    assert (SessionDay.objects.get().used, ScheduleDay.objects.get().used) == (used, used)
    assert Attempt.objects.get().finished_at == world.now


def test_a_charge_comes_back_once(held: Claim) -> None:
    SessionDay.objects.update(used=5)

    for _time in range(2):
        refund(held.token, session_day_id=held.session_day_id, schedule_day_id=held.schedule_day_id)

    assert SessionDay.objects.get().used == 4


def close_sent(held: Claim, world: World, message_id: str) -> bool:
    return statements.close_sent(
        held.token,
        now=world.now,
        message_id=message_id,
        dispatched_at=world.now,
        http_status=200,
        host="h",
        duration_ms=1,
    )


def test_a_success_replaces_a_doubt_in_the_log_of_tries_and_nothing_replaces_a_success(
    held: Claim, world: World
) -> None:
    close_attempt(held.token, AttemptOutcome.UNKNOWN, now=world.now, code="TIMEOUT", detail="No contestó")
    assert close_sent(held, world, "true_1")
    assert not close_sent(held, world, "true_2")
    close_attempt(held.token, AttemptOutcome.NOT_SENT, now=world.now)

    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.message_id) == (AttemptOutcome.SENT, "true_1")
    assert (attempt.code, attempt.detail) == ("", "")
    assert (attempt.http_status, attempt.host, attempt.duration_ms) == (200, "h", 1)
    assert (attempt.dispatched_at, attempt.finished_at) == (world.now, world.now)


def test_a_message_id_that_another_envio_has_proves_nothing(held: Claim, world: World) -> None:
    taken = world.fill(
        campaign_of(Envio.objects.get(pk=held.envio_id)),
        1,
        state=EnvioState.SENT,
        message_id="true_1",
        sent_at=world.now,
    )
    result = SendResult(message_id="true_1", http_status=200, host="h")

    settle(held, answer(result, world), now=world.now, rng=RNG)

    assert Envio.objects.get(pk=held.envio_id).state == EnvioState.UNCERTAIN
    assert Envio.objects.get(pk=taken[0].pk).state == EnvioState.SENT
