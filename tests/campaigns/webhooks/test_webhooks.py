"""Callbacks: authenticated by their line's secret, applied once however often they come, refused without a word more."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.db import DataError, OperationalError
from django.test import Client

from campaigns import receipts, refused_events, webhooks
from campaigns.enums import Ack, CampaignState, EnvioState
from campaigns.models import Envio, RefusedEvent, Reply
from leadmaster.ops.models import Alert
from tests.campaigns.webhooks.events import SECRET, ack, event, inbound, post
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import simulator_thread
from whatsapp.gateways.base import OutboundMessage
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import Receipt

# --- Who may speak ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["otro", "", "solo-nuestr", "de-ellos"])
def test_a_wrong_secret_is_refused_and_nothing_changes(secret: str, envio: Envio) -> None:
    WhatsAppSessionFactory.create(tenant_id="52", webhook_secret="de-ellos")

    assert post(ack("read"), secret=secret) == 401

    envio.refresh_from_db()
    assert envio.ack == Ack.NONE


def test_a_signature_of_another_body_is_refused(envio: Envio) -> None:
    body = json.dumps(ack("read")).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body + b" ", hashlib.sha256).hexdigest()

    for headers in ({"X-Signature": signature}, {"X-Signature": "ñ"}, {}):
        answer = Client().post("/webhooks/session_manager/51/", body, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.content) == (401, b"")


def test_a_line_without_a_secret_takes_nothing(session: WhatsAppSession) -> None:
    WhatsAppSessionFactory.create(tenant_id="53", webhook_secret="")

    assert post(ack("read"), path="/webhooks/session_manager/53/", secret="") == 401


def test_an_event_about_another_line_is_refused_even_when_both_share_a_secret(envio: Envio) -> None:
    WhatsAppSessionFactory.create(tenant_id="52", webhook_secret=SECRET)

    assert post(ack("read"), path="/webhooks/session_manager/52/") == 400

    envio.refresh_from_db()
    assert envio.ack == Ack.NONE


@pytest.mark.parametrize("path", ["/webhooks/session_manager/nadie/", "/webhooks/paloma/51/"])
def test_a_line_that_is_none_does_not_exist(path: str, session: WhatsAppSession) -> None:
    assert post(ack("read"), path=path) == 404


def test_two_gateways_with_one_tenant_id_are_told_apart_by_their_secret(envio: Envio) -> None:
    twin = WhatsAppSessionFactory.create(tenant_id="51", base_url="http://otro:3011", webhook_secret="de-ellos")
    theirs = EnvioFactory.create(campaign=CampaignFactory.create(session=twin), state=EnvioState.SENT, message_id="m1")

    assert post(ack("read"), secret="de-ellos") == 200

    envio.refresh_from_db()
    theirs.refresh_from_db()
    assert (envio.ack, theirs.ack) == (Ack.NONE, Ack.READ)


def test_two_that_nothing_tells_apart_are_refused(envio: Envio) -> None:
    WhatsAppSessionFactory.create(tenant_id="51", base_url="http://otro:3011", webhook_secret=SECRET)

    assert post(ack("read")) == 409

    envio.refresh_from_db()
    assert envio.ack == Ack.NONE


@pytest.mark.parametrize("tenant", ["a b", "51/2", "ñandú", "51%2F"])
def test_tenant_ids_of_any_shape_find_their_line(tenant: str, db: None) -> None:
    WhatsAppSessionFactory.create(tenant_id=tenant, webhook_secret=SECRET)
    assert post(event("algo", {}, tenant=tenant), path=f"/webhooks/session_manager/{quote(tenant, safe='')}/") == 200


# --- What may come ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"null",
        b"[]]",
        b"[" * 5000,
        {"event": "message.ack"},
        {**ack("read"), "at": "ayer"},
        ack("volado"),
        event("session.state", {"state": "VOLANDO"}),
    ],
)
def test_signed_garbage_is_refused(content: object, envio: Envio) -> None:
    assert post(content) == 400

    envio.refresh_from_db()
    assert envio.ack == Ack.NONE


def test_one_bad_event_keeps_none_of_the_others_out_and_is_kept_and_told(envio: Envio) -> None:
    bad = ack("volado")
    batch = [ack("read"), bad, event("message.ack", {"ack": "read"}), {**ack("server"), "cliente_id": "52"}, None]

    assert post(batch) == 200
    assert post([*batch, ack("delivered")]) == 200

    envio.refresh_from_db()
    assert envio.ack == Ack.READ
    assert envio.delivered_at is not None
    assert RefusedEvent.objects.count() == 4
    assert set(RefusedEvent.objects.values_list("count", flat=True)) == {2}
    assert json.loads(RefusedEvent.objects.order_by("id")[0].content) == bad
    assert Alert.objects.get(open_key=f"callback-refused:{envio.session_id}").severity == Alert.Severity.WARNING


def test_what_breaks_while_it_is_applied_keeps_none_of_the_others_out(
    envio: Envio, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = receipts.apply

    def breaks(receipt: Receipt, **context: Any) -> Any:
        if receipt.message_id == "roto":
            raise DataError("too much for a column")
        return real(receipt, **context)

    monkeypatch.setattr(receipts, "apply", breaks)

    assert post([ack("read", message_id="roto"), ack("read")]) == 200

    envio.refresh_from_db()
    assert envio.ack == Ack.READ
    assert RefusedEvent.objects.get().reason == "it can't be applied: DataError"


def test_what_the_database_can_not_take_now_comes_again(envio: Envio, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_context: Any) -> None:
        raise OperationalError(2006, "server has gone away")

    monkeypatch.setattr(receipts, "apply", away)

    assert post([ack("read")]) == 503
    assert not RefusedEvent.objects.exists()


def test_kept_events_of_a_line_are_bounded(envio: Envio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_events, "MOST_KEPT", 3)

    for number in range(6):
        post([ack("read"), ack("volado", message_id=f"m{number}")])

    assert RefusedEvent.objects.count() == 3
    assert "m5" in RefusedEvent.objects.latest("id").content


def test_a_thousand_events_of_a_callback_are_taken_and_one_more_is_not(session: WhatsAppSession) -> None:
    many = [event("algo", {"relleno": "x" * 300}) for _ in range(1000)]

    assert len(json.dumps(many)) > 300_000
    assert post(many) == 200
    assert post([*many, event("algo", {})]) == 400


def test_a_long_text_with_accents_is_taken(session: WhatsAppSession) -> None:
    assert post(inbound("ñ" * 65_000)) == 200
    assert Reply.objects.count() == 1


def test_too_long_is_not_even_read(session: WhatsAppSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MAX_BYTES", 1000)
    assert post(b" " * 1001) == 413
    assert post(json.dumps(event("algo", {})).encode().ljust(1000)) == 200


def test_whoever_guesses_signatures_is_throttled_and_the_gateway_is_not(envio: Envio) -> None:
    cache.clear()
    for _ in range(webhooks.MOST_WRONG):
        assert post(ack("read"), secret="otro") == 401

    assert post(ack("read"), secret="otro") == 429
    assert post(b" " * 100_000, secret="otro") == 429
    assert post(ack("read")) == 200
    cache.clear()
    assert post(ack("read"), secret="otro") == 401
    cache.clear()


def test_a_line_without_a_secret_says_that_it_loses_its_acknowledgements(
    session: WhatsAppSession, caplog: pytest.LogCaptureFixture
) -> None:
    cache.clear()
    line = WhatsAppSessionFactory.create(tenant_id="53", webhook_secret="")
    path = "/webhooks/session_manager/53/"

    assert post(event("algo", {}, tenant="53"), path=path) == 401
    assert post(event("algo", {}, tenant="53"), path=path) == 401

    alert = Alert.objects.get(open_key=f"callback-secret:{line.pk}")
    assert line.name in alert.title
    assert sum("no callback secret" in record.getMessage() for record in caplog.records) == 1
    line.webhook_secret = SECRET
    line.save()
    assert post(event("algo", {}, tenant="53"), path=path) == 200
    alert.refresh_from_db()
    assert alert.resolved_at is not None
    cache.clear()


def test_only_post(session: WhatsAppSession) -> None:
    assert Client().get("/webhooks/session_manager/51/").status_code == 405


# --- The whole way ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_simulator_is_understood_over_http(live_server: Any) -> None:
    with simulator_thread(
        tenants=("51",),
        callback_url=f"{live_server.url}/webhooks/session_manager/{{cliente_id}}/",
        callback_secret=SECRET,
        speed=20.0,
    ) as simulator:
        session = WhatsAppSessionFactory.create(tenant_id="51", webhook_secret=SECRET, base_url=simulator.base_url)
        campaign = CampaignFactory.create(session=session, state=CampaignState.RUNNING)
        envio = EnvioFactory.create(campaign=campaign, state=EnvioState.UNCERTAIN)
        left_alone = EnvioFactory.create(campaign=campaign, phone="+5493515550001")

        simulator.gateway("51").send(
            OutboundMessage(phone=envio.phone, text=envio.text, client_message_id=envio.client_message_id)
        )
        simulator.inbound("51", sender="5493515550001", text="Baja")
        simulator.wait_until_quiet()

    envio.refresh_from_db()
    left_alone.refresh_from_db()
    assert (envio.state, envio.ack) == (EnvioState.SENT, Ack.READ)
    assert left_alone.state == EnvioState.CANCELLED
