"""Acknowledgements: monotonic, idempotent, applied to the line that they came by."""

from __future__ import annotations

import itertools

import pytest

from campaigns.enums import Ack, CampaignState, EnvioState, Evidence
from campaigns.models import EarlyReceipt, Envio
from campaigns.progress import progress
from tests.campaigns.webhooks.events import ack, event, post
from tests.factories.campaigns import CampaignFactory, EnvioFactory, campaign_of
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession


@pytest.mark.parametrize("order", list(itertools.permutations(["server", "delivered", "read"])))
def test_in_any_order_the_message_ends_up_read(order: tuple[str, ...], envio: Envio) -> None:
    assert [post(ack(kind)) for kind in order] == [200, 200, 200]

    envio.refresh_from_db()
    assert (envio.state, envio.ack) == (EnvioState.SENT, Ack.READ)
    assert None not in (envio.server_at, envio.delivered_at, envio.read_at)
    seen = progress(campaign_of(envio))
    assert (seen.sent, seen.server, seen.delivered, seen.read) == (1, 1, 1, 1)


def test_the_same_one_ten_times_changes_what_one_does(envio: Envio) -> None:
    told = ack("delivered")
    post(told)
    after_one = Envio.objects.values().get(pk=envio.pk)

    assert [post(told) for _ in range(9)] == [200] * 9

    assert Envio.objects.values().get(pk=envio.pk) == after_one
    assert progress(campaign_of(envio)).delivered == 1


def test_a_later_step_is_not_taken_back(envio: Envio) -> None:
    post(ack("read"))
    post(ack("server"))

    envio.refresh_from_db()
    assert envio.ack == Ack.READ


def test_an_uncertain_one_is_settled_by_its_acknowledgement(session: WhatsAppSession) -> None:
    envio = EnvioFactory.create(
        campaign=CampaignFactory.create(session=session, state=CampaignState.RUNNING), state=EnvioState.UNCERTAIN
    )

    for _ in range(3):
        post(ack("server", message_id="m9", client_message_id=str(envio.client_message_id)))

    envio.refresh_from_db()
    assert (envio.state, envio.message_id, envio.ack) == (EnvioState.SENT, "m9", Ack.SERVER)
    assert [event.evidence for event in envio.events.all()] == [Evidence.CALLBACK]


def test_one_for_a_message_that_nobody_knows_is_kept_once(session: WhatsAppSession) -> None:
    assert [post(ack("server", message_id="quién")) for _ in range(3)] == [400, 400, 400]
    assert [post(ack("server", message_id="who")) for _ in range(3)] == [200, 200, 200]

    assert list(EarlyReceipt.objects.values_list("message_id", "kind")) == [("who", "server")]


def test_a_late_refusal_makes_it_an_error_and_the_funnel_smaller(envio: Envio) -> None:
    post(ack("server"))
    for _ in range(3):
        post(ack("failed", error_code="463", error_text="first contacts refused"))

    envio.refresh_from_db()
    assert (envio.state, envio.error_code) == (EnvioState.ERROR, "463")
    assert envio.events.count() == 1
    assert (progress(campaign_of(envio)).sent, progress(campaign_of(envio)).server) == (0, 0)


def test_many_at_once_are_all_applied(session: WhatsAppSession, envio: Envio) -> None:
    other = EnvioFactory.create(campaign=envio.campaign, state=EnvioState.SENT, message_id="m2")

    assert post([ack("read"), ack("delivered", message_id="m2"), event("algo.nuevo", {})]) == 200

    envio.refresh_from_db()
    other.refresh_from_db()
    assert (envio.ack, other.ack) == (Ack.READ, Ack.DELIVERED)


def test_the_same_message_id_of_another_session_is_another_message(envio: Envio) -> None:
    other = WhatsAppSessionFactory.create(tenant_id="52", webhook_secret="de-ellos")
    foreign = EnvioFactory.create(
        campaign=CampaignFactory.create(session=other), state=EnvioState.SENT, message_id="m1"
    )

    post(ack("read"))

    foreign.refresh_from_db()
    assert foreign.ack == Ack.NONE
