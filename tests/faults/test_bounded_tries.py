"""What an answer proves: anything but the contract's own refusal is a doubt, and a refusal is believed only so often."""

from __future__ import annotations

import json

import pytest

from campaigns.engine.settle import MAX_ATTEMPTS
from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Campaign, Envio, ScheduleDay, SessionDay
from tests.faults.harness import World
from tests.faults.world import Behaviour
from whatsapp.gateways import answers
from whatsapp.gateways.base import GatewayError
from whatsapp.gateways.transport import Answer, Failure, TransportError
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)

BARE = (
    300,
    301,
    302,
    303,
    307,
    308,
    400,
    401,
    403,
    404,
    405,
    407,
    408,
    409,
    410,
    411,
    413,
    415,
    421,
    422,
    426,
    429,
    463,
)
HELD = ((401, "NOT_AUTHORISED"), (404, "UNKNOWN_SESSION"), (409, "SESSION_NOT_READY"), (429, "RATE_LIMITED"))


def answered(status: int, code: str = "") -> GatewayError:
    body = json.dumps({"error": True, "code": code, "message": "no"}) if code else "<h1>something in between</h1>"
    return answers.read_refusal(Answer(status=status, headers={}, body=body.encode()))


def people_mend_the_line() -> None:
    """Whatever stopped the session is taken away each minute, so that nothing but the bound ends the tries."""
    WhatsAppSession.objects.update(paused_at=None, blocked_until=None, cold_until=None, probe_at=None)


@pytest.mark.parametrize("status", [*BARE, 500, 501, 502, 503, 504])
def test_a_bare_status_after_the_message_was_delivered_never_brings_it_again(status: int) -> None:
    world = World()
    world.campaign(envios=1)
    world.provider.behave = lambda _message: Behaviour(delivers=True, error=answered(status))

    for _minute in range(8):
        world.run_minutes(1)
        people_mend_the_line()

    assert len(world.provider.ledger) == 1
    assert world.states() == {EnvioState.UNCERTAIN: 1}
    assert [SessionDay.objects.get().used, ScheduleDay.objects.get().used] == [1, 1]
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.http_status, attempt.counted) == (AttemptOutcome.UNKNOWN, status, True)
    assert world.findings() == []


def test_what_may_have_left_is_followed_by_its_pause_also_when_the_line_rests() -> None:
    world = World()
    world.campaign(envios=3, delay=120)
    world.provider.behave = lambda _message: Behaviour(delivers=True, error=answered(303))

    for _minute in range(8):
        world.run_minutes(1)
        people_mend_the_line()

    assert len(world.provider.ledger) == 3
    assert world.findings(gap=120) == []


@pytest.mark.parametrize(("status", "code"), HELD)
def test_the_gateways_own_refusal_is_counted_and_believed_so_often_and_no_oftener(status: int, code: str) -> None:
    world = World()
    campaign = world.campaign(envios=1, max_attempts=3)
    world.provider.behave = lambda _message: Behaviour(delivers=False, error=answered(status, code))

    for _minute in range(30):
        world.run_minutes(1)
        people_mend_the_line()

    assert len(world.provider.sends) == 3
    envio = Envio.objects.get()
    assert (envio.state, envio.error_code, envio.attempts) == (EnvioState.ERROR, MAX_ATTEMPTS, 3)
    asked = Attempt.objects.filter(http_status=status)
    assert list(asked.values_list("outcome", "counted", "refunded")) == [(AttemptOutcome.NOT_SENT, True, True)] * 3
    assert SessionDay.objects.get().used == 0
    assert Campaign.objects.get(pk=campaign.pk).max_attempts == 3
    assert world.findings() == []


def test_what_never_left_is_tried_as_long_as_it_takes_and_burns_nothing() -> None:
    world = World()
    world.campaign(envios=1, max_attempts=2)
    nobody = answers.read_no_answer(TransportError(Failure.CONNECT, request_left=False))
    world.provider.behave = lambda _message: Behaviour(delivers=False, error=nobody)

    for _minute in range(10):
        world.run_minutes(1)
        people_mend_the_line()

    assert len(world.provider.sends) > 5
    assert Envio.objects.get().attempts == 0
    world.provider.behave = lambda _message: Behaviour()
    world.come_to_rest()
    assert world.states() == {EnvioState.SENT: 1}
    assert world.findings() == []
