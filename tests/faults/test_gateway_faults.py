"""Faults 6–10, 17 and 18: what the gateway does, says late, or never says."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns import lifecycle, receipts
from campaigns.enums import Ack, AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Campaign, Envio, EnvioEvent, SessionDay
from leadmaster.ops.models import Alert
from tests.faults.behaviours import BY_NAME, KINDS, OK, Kind
from tests.faults.harness import World
from tests.faults.world import Behaviour, Delivery
from whatsapp.gateways import answers
from whatsapp.gateways.base import OutboundMessage, Outcome, SessionState
from whatsapp.models import State, WhatsAppSession
from whatsapp.receipts import Receipt, ReceiptKind

pytestmark = pytest.mark.django_db(transaction=True)

_TARGET = {
    None: EnvioState.SENT,
    Outcome.UNKNOWN: EnvioState.UNCERTAIN,
    Outcome.REFUSED: EnvioState.ERROR,
    Outcome.NOT_SENT: EnvioState.PENDING,
}


def acknowledge(world: World, delivery: Delivery, kind: ReceiptKind, *, echo: bool = True) -> None:
    """A callback of this delivery."""
    receipt = Receipt(
        kind=kind,
        message_id=delivery.message_id,
        client_message_id=delivery.client_message_id if echo else None,
        at=world.now,
    )
    session = WhatsAppSession.objects.get(tenant_id=delivery.tenant_id)
    receipts.apply(receipt, session=session, now=world.now)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_answer_is_told_as_what_it_proves(kind: Kind) -> None:
    world = World()
    world.campaign(envios=1)
    world.provider.behave = kind

    world.tick()

    envio, attempt = Envio.objects.get(), Attempt.objects.first()
    assert attempt is not None
    assert envio.state == _TARGET[kind.outcome]
    # Only what never reached the gateway is no try of the message.
    assert attempt.counted is not kind.unreachable
    assert envio.attempts == (0 if kind.unreachable else Attempt.objects.filter(counted=True).count())
    in_the_days_charge = kind.outcome in (None, Outcome.UNKNOWN)
    assert SessionDay.objects.get().used == int(in_the_days_charge)
    assert world.findings() == []


def test_fault_06_an_answer_after_the_deadline_is_a_doubt_until_the_callback() -> None:
    world = World()
    world.campaign(envios=1)
    world.provider.behave = BY_NAME["after the deadline"]
    world.tick()
    assert world.states() == {EnvioState.UNCERTAIN: 1}

    acknowledge(world, world.provider.ledger[0], ReceiptKind.SERVER)
    world.come_to_rest()

    assert len(world.provider.ledger) == 1
    assert world.states() == {EnvioState.SENT: 1}
    assert EnvioEvent.objects.get().evidence == Evidence.CALLBACK
    assert world.findings() == []


@pytest.mark.parametrize("name", ["accepted, then reset", "accepted, then 502", "accepted, then garbage"])
def test_fault_07_accepted_and_then_broken_is_a_doubt_and_never_sent_again(name: str) -> None:
    world = World()
    world.campaign(envios=2)
    world.provider.behave = BY_NAME[name]
    world.tick()
    world.provider.behave = OK
    world.come_to_rest()

    assert len(world.provider.ledger) == 2
    assert world.states() == {EnvioState.UNCERTAIN: 2}
    assert world.findings() == []


def test_fault_08_nobody_at_the_gateways_address_burns_nothing_and_alerts_soon() -> None:
    world = World()
    campaign = world.campaign(envios=5)
    world.provider.status_error = BY_NAME["connection refused"].error
    started = world.now

    world.run_minutes(60)

    assert world.provider.sends == []
    assert set(Envio.objects.values_list("state", "attempts")) == {(EnvioState.PENDING, 0)}
    alert = Alert.objects.get(open_key=f"gateway:{campaign.session.gateway_config().base_url}")
    assert alert.opened_at - started <= dt.timedelta(minutes=3)
    assert WhatsAppSession.objects.get().unreachable_since is not None
    world.provider.status_error = None
    world.come_to_rest()
    assert world.states() == {EnvioState.SENT: 5}
    assert not Alert.objects.filter(open_key__isnull=False).exists()
    assert world.findings() == []


@pytest.mark.parametrize("echo", [True, False])
@pytest.mark.parametrize("times", [1, 10])
def test_fault_09_callbacks_before_our_own_answer(echo: bool, times: int) -> None:
    world = World()
    campaign = world.campaign(envios=1)

    def overtaken(delivery: Delivery) -> None:
        for kind in (ReceiptKind.READ, ReceiptKind.SERVER, ReceiptKind.DELIVERED) * times:
            acknowledge(world, delivery, kind, echo=echo)

    world.provider.behave = lambda _message: Behaviour(then=overtaken)

    world.tick()
    world.look_up()

    envio = Envio.objects.get()
    assert (envio.state, envio.ack, envio.attempts) == (EnvioState.SENT, Ack.READ, 1)
    assert None not in (envio.server_at, envio.delivered_at, envio.read_at)
    assert EnvioEvent.objects.count() == int(echo)  # proved once, by the first callback that named it
    campaign.refresh_from_db()
    assert world.findings() == []


def test_fault_09_the_same_callback_later_does_not_change_when_it_happened() -> None:
    world = World()
    world.campaign(envios=1)
    world.tick()
    delivery = world.provider.ledger[0]
    read_at = world.now
    acknowledge(world, delivery, ReceiptKind.READ)

    world.run_minutes(3)
    delivered_at = world.now
    for kind in (ReceiptKind.READ, ReceiptKind.DELIVERED, ReceiptKind.READ, ReceiptKind.DELIVERED):
        acknowledge(world, delivery, kind)
        if kind is ReceiptKind.DELIVERED:
            world.run_minutes(1)

    envio = Envio.objects.get()
    assert (envio.ack, envio.read_at, envio.delivered_at) == (Ack.READ, read_at, delivered_at)
    assert world.findings() == []


def test_fault_10_a_late_ok_for_a_cancelled_envio_is_told_and_never_dropped() -> None:
    world = World()
    campaign = world.campaign(envios=1)
    world.provider.behave = BY_NAME["after the deadline"]
    world.tick()
    lifecycle.cancel(campaign, by=None, now=world.now, reason="Ya no")
    Envio.objects.update(state=EnvioState.CANCELLED)  # by whatever hand

    acknowledge(world, world.provider.ledger[0], ReceiptKind.SERVER)

    envio = Envio.objects.get()
    assert envio.state == EnvioState.SENT
    assert Alert.objects.filter(open_key=f"envio-conflict:{envio.pk}").exists()
    assert world.findings() == []


def test_fault_17_the_first_message_of_every_campaign_always_fails_and_the_rest_flow() -> None:
    world = World()
    campaigns = [world.campaign(envios=4, delay=1) for _ in range(3)]
    firsts = {campaign.envios.order_by("id")[0].client_message_id for campaign in campaigns}

    def first_fails(message: OutboundMessage) -> Behaviour:
        if message.client_message_id in firsts:
            return BY_NAME["refused by WhatsApp, may be tried again"](message)
        return Behaviour()

    world.provider.behave = first_fails
    world.run_minutes(2)

    for campaign in campaigns:
        assert campaign.envios.filter(state=EnvioState.SENT).count() == 3
    world.come_to_rest()
    assert world.states() == {EnvioState.SENT: 9, EnvioState.ERROR: 3}
    assert world.findings() == []


def test_fault_18_the_incident_a_session_disconnected_for_251_minutes_with_250_due() -> None:
    world = World()
    campaign = world.campaign(envios=250, delay=10, daily_cap=500, session__daily_limit=500)
    world.provider.state[campaign.session.tenant_id] = SessionState.DISCONNECTED
    began = world.now

    world.run_minutes(251)

    assert world.provider.ledger == []
    assert world.states() == {EnvioState.PENDING: 250}
    assert set(Envio.objects.values_list("attempts", flat=True)) == {0}
    assert Attempt.objects.filter(counted=True).count() == 0
    alert = Alert.objects.get()
    assert (alert.key, alert.resolved_at) == (f"session:{campaign.session_id}", None)
    assert alert.opened_at - began <= dt.timedelta(minutes=3)
    assert WhatsAppSession.objects.get().state == State.DISCONNECTED

    world.provider.state.clear()
    world.come_to_rest(minutes=120)

    assert world.states() == {EnvioState.SENT: 250}
    assert set(Envio.objects.values_list("attempts", flat=True)) == {1}
    assert Attempt.objects.filter(outcome=AttemptOutcome.SENT).count() == 250
    assert not Alert.objects.filter(open_key__isnull=False).exists()
    assert world.findings(gap=10.0) == []


def test_first_contacts_refused_stop_and_people_who_know_the_number_still_get_theirs() -> None:
    world = World()
    campaign = world.campaign(envios=3)
    warm = world.fill(campaign, 2, warm=True, next_due=world.now)

    def cold(message: OutboundMessage) -> Behaviour:
        known = {envio.phone for envio in warm}
        return Behaviour() if message.phone in known else Behaviour(delivers=False, error=answers.COLD.error())

    world.provider.behave = cold
    world.run_minutes(5)

    assert world.states() == {EnvioState.ERROR: 1, EnvioState.PENDING: 2, EnvioState.SENT: 2}
    assert len(world.provider.sends) == 3
    assert Campaign.objects.get().state == "en_progreso"
    assert world.findings() == []
