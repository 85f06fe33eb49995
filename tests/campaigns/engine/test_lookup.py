"""Uncertain envíos, asked about by our own id."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from campaigns.engine import lookup
from campaigns.enums import AttemptOutcome, CampaignState, EnvioState, Evidence
from campaigns.models import Attempt, Campaign, Envio, EnvioEvent, ScheduleDay, SessionDay
from tests.factories.campaigns import campaign_of
from tests.faults.behaviours import BY_NAME
from tests.faults.harness import World
from tests.faults.world import Behaviour, VirtualGateway
from whatsapp.gateways.base import Capability, GatewayError, Outcome, Scope, SendResult

pytestmark = pytest.mark.django_db(transaction=True)

LOOKUP, DEDUPE = Capability.LOOKUP, Capability.DEDUPE
FAILED = GatewayError("rechazado", outcome=Outcome.REFUSED, scope=Scope.MESSAGE, code="WHATSAPP_ERROR")
PENDING = GatewayError("todavía", outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE, code="PENDING")


def doubtful(world: World, kind: str = "accepted, then reset", **fields: object) -> Envio:
    """An envío of a tick that ended in doubt."""
    world.campaign(envios=1, **fields)  # type: ignore[arg-type]
    world.provider.behave = BY_NAME[kind]
    world.tick()
    world.provider.behave = lambda _message: Behaviour()
    envio = Envio.objects.get()
    assert envio.state == EnvioState.UNCERTAIN
    return envio


def ask(world: World, *, after: float) -> int:
    world.clock.time += dt.timedelta(seconds=after)
    return lookup.run_lookups(world.now, open_gateway=world.provider.open)


def test_found_is_proof() -> None:
    world = World(capabilities=[LOOKUP])
    envio = doubtful(world)

    assert ask(world, after=31) == 1

    envio.refresh_from_db()
    assert (envio.state, envio.message_id) == (EnvioState.SENT, world.provider.ledger[0].message_id)
    assert EnvioEvent.objects.get().evidence == Evidence.LOOKUP
    assert Attempt.objects.get().outcome == AttemptOutcome.SENT
    assert world.findings() == []


def test_it_is_asked_four_times_and_then_waits_for_a_person() -> None:
    world = World(capabilities=[LOOKUP])
    envio = doubtful(world, "reset, never accepted")
    asked: list[int] = []

    for _ in range(90):
        ask(world, after=60)
        asked.append(Envio.objects.get().lookups)

    assert [asked.index(n) + 1 for n in (1, 2, 3, 4)] == [1, 3, 13, 73]
    envio.refresh_from_db()
    assert (envio.state, envio.lookup_due) == (EnvioState.UNCERTAIN, None)


def test_an_answer_with_the_message_id_of_another_envio_is_asked_for_four_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(capabilities=[LOOKUP])
    envio = doubtful(world)
    world.fill(campaign_of(envio), 1, state=EnvioState.SENT, message_id="true_otro", sent_at=world.now)
    answering(monkeypatch, lambda _id: SendResult(message_id="true_otro", http_status=200, host="virtual"))

    for _ in range(90):
        ask(world, after=60)

    envio.refresh_from_db()
    assert (envio.state, envio.lookups, envio.lookup_due) == (EnvioState.UNCERTAIN, 4, None)


def test_not_found_resends_only_where_a_repeat_is_recognised_and_the_lease_is_over() -> None:
    world = World(capabilities=[LOOKUP, DEDUPE])
    doubtful(world, "reset, never accepted")

    assert ask(world, after=31) == 0
    assert ask(world, after=120) == 0
    assert ask(world, after=600) == 1

    assert world.states() == {EnvioState.PENDING: 1}
    world.come_to_rest()
    assert world.states() == {EnvioState.SENT: 1}
    assert world.findings() == []


def test_what_is_proven_never_sent_costs_the_day_one_and_not_two() -> None:
    world = World(capabilities=[LOOKUP, DEDUPE])
    doubtful(world, "reset, never accepted")
    assert [SessionDay.objects.get().used, ScheduleDay.objects.get().used] == [1, 1]

    assert ask(world, after=601) == 1

    assert [SessionDay.objects.get().used, ScheduleDay.objects.get().used] == [0, 0]
    first = Attempt.objects.get()
    assert (first.outcome, first.refunded, first.counted) == (AttemptOutcome.NOT_SENT, True, True)
    world.come_to_rest()
    assert [SessionDay.objects.get().used, ScheduleDay.objects.get().used] == [1, 1]
    assert world.findings() == []


def test_what_a_gateway_never_knows_is_sent_again_so_often_and_no_oftener() -> None:
    world = World(capabilities=[LOOKUP, DEDUPE])
    doubtful(world, "reset, never accepted", max_attempts=3)
    world.provider.behave = BY_NAME["reset, never accepted"]

    for _ in range(180):
        world.run_minutes(1)

    assert len(world.provider.sends) == 3
    assert world.states() == {EnvioState.UNCERTAIN: 1}
    assert SessionDay.objects.get().used == 1
    assert world.findings() == []


def test_a_gateway_without_look_up_is_not_asked() -> None:
    world = World()
    envio = doubtful(world)

    assert ask(world, after=31) == 0

    envio.refresh_from_db()
    assert (envio.lookup_due, envio.lookups) == (None, 0)


@pytest.mark.parametrize("ends", [CampaignState.CANCELLED, CampaignState.FINISHED])
def test_nothing_of_a_campaign_that_ended_is_sent_again(ends: CampaignState) -> None:
    world = World(capabilities=[LOOKUP, DEDUPE])
    doubtful(world, "reset, never accepted")
    Campaign.objects.update(state=ends)

    ask(world, after=601)

    assert world.states() == {EnvioState.UNCERTAIN: 1}


def answering(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    def looked_up(_self: VirtualGateway, client_message_id: uuid.UUID) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer(client_message_id)

    monkeypatch.setattr(VirtualGateway, "lookup", looked_up)


def test_a_gateway_that_knows_it_failed_ends_the_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(capabilities=[LOOKUP])
    envio = doubtful(world, "reset, never accepted")
    answering(monkeypatch, FAILED)

    assert ask(world, after=31) == 1

    envio.refresh_from_db()
    assert (envio.state, envio.error_code) == (EnvioState.ERROR, "WHATSAPP_ERROR")
    assert EnvioEvent.objects.get().evidence == Evidence.LOOKUP


def test_a_failure_of_one_of_two_tries_leaves_the_doubt_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(capabilities=[LOOKUP])
    envio = doubtful(world, "reset, never accepted")
    Envio.objects.update(state=EnvioState.PENDING, next_due=world.now)  # what a person's "send it again" does
    world.provider.behave = BY_NAME["accepted, then reset"]
    world.next_minute()
    world.tick()
    answering(monkeypatch, FAILED)

    assert ask(world, after=31) == 0

    envio.refresh_from_db()
    assert (envio.state, envio.lookup_due) == (EnvioState.UNCERTAIN, None)


@pytest.mark.parametrize("trouble", [PENDING, RuntimeError("a mistake of the adapter")])
def test_an_answer_that_says_nothing_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    world = World(capabilities=[LOOKUP])
    envio = doubtful(world)
    answering(monkeypatch, trouble)

    assert ask(world, after=31) == 0

    envio.refresh_from_db()
    assert (envio.state, envio.lookups) == (EnvioState.UNCERTAIN, 1)


def test_an_answer_about_an_older_try_does_not_send_the_newer_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(capabilities=[LOOKUP, DEDUPE])
    doubtful(world, "reset, never accepted")
    world.clock.time += dt.timedelta(seconds=601)

    def meanwhile(_client_message_id: uuid.UUID) -> None:
        # While the gateway thinks, a person sends it again, and that try ends in doubt too.
        Envio.objects.update(attempts=2, dispatched_at=world.now)

    monkeypatch.setattr(lookup, "_question", lambda _open: lambda envio: meanwhile(envio.client_message_id))

    assert lookup.run_lookups(world.now, open_gateway=world.provider.open) == 0

    envio = Envio.objects.get()
    assert (envio.state, envio.lookups) == (EnvioState.UNCERTAIN, 0)
