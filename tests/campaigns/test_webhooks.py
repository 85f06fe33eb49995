"""Callbacks: authenticated by their line's secret, applied once however often they come, refused without a word more."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import itertools
import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.enums import Ack, CampaignState, EnvioState, Evidence
from campaigns.inbound import is_opt_out
from campaigns.models import EarlyReceipt, Envio
from campaigns.progress import progress
from campaigns.webhooks import MAX_BYTES
from leadmaster.directory.models import Suppression
from leadmaster.ops.models import Alert
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import simulator_thread
from whatsapp.gateways.base import OutboundMessage
from whatsapp.models import State, WhatsAppSession

SECRET = "solo-nuestro"


@pytest.fixture
def session(db: None) -> WhatsAppSession:
    made: WhatsAppSession = WhatsAppSessionFactory.create(tenant_id="51", webhook_secret=SECRET)
    return made


@pytest.fixture
def envio(session: WhatsAppSession) -> Envio:
    made: Envio = EnvioFactory.create(
        campaign=CampaignFactory.create(session=session, state=CampaignState.RUNNING),
        state=EnvioState.SENT,
        message_id="m1",
    )
    return made


def event(name: str, data: dict[str, Any], *, tenant: str = "51", at: dt.datetime | None = None) -> dict[str, Any]:
    moment = (at or timezone.now()).isoformat()
    return {"id": f"evt_{uuid.uuid4().hex}", "event": name, "cliente_id": tenant, "at": moment, "data": data}


def ack(kind: str, *, message_id: str = "m1", **data: Any) -> dict[str, Any]:
    return event("message.ack", {"message_id": message_id, "ack": kind, **data})


def inbound(text: str, *, sender: str = "5493515550001@c.us", **data: Any) -> dict[str, Any]:
    return event("message.inbound", {"message_id": f"in-{uuid.uuid4().hex}", "from": sender, "text": text, **data})


def post(content: object, *, path: str = "/webhooks/session_manager/51/", secret: str = SECRET) -> int:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    answer = Client(enforce_csrf_checks=True).post(
        path, body, content_type="application/json", headers={"X-Signature": signature}
    )
    # Whoever is refused learns nothing from the body.
    assert answer.content == b""
    return answer.status_code


# --- Acknowledgements ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations(["server", "delivered", "read"])))
def test_in_any_order_the_message_ends_up_read(order: tuple[str, ...], envio: Envio) -> None:
    assert [post(ack(kind)) for kind in order] == [200, 200, 200]

    envio.refresh_from_db()
    assert (envio.state, envio.ack) == (EnvioState.SENT, Ack.READ)
    assert None not in (envio.server_at, envio.delivered_at, envio.read_at)
    seen = progress(envio.campaign)
    assert (seen.sent, seen.server, seen.delivered, seen.read) == (1, 1, 1, 1)


def test_the_same_one_ten_times_changes_what_one_does(envio: Envio) -> None:
    told = ack("delivered")
    post(told)
    after_one = Envio.objects.values().get(pk=envio.pk)

    assert [post(told) for _ in range(9)] == [200] * 9

    assert Envio.objects.values().get(pk=envio.pk) == after_one
    assert progress(envio.campaign).delivered == 1


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
    assert (progress(envio.campaign).sent, progress(envio.campaign).server) == (0, 0)


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


# --- Who may speak ------------------------------------------------------------------------------------------------


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


# --- What may come ------------------------------------------------------------------------------------------------


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


def test_one_bad_event_keeps_the_whole_callback_out(envio: Envio) -> None:
    assert post([ack("read"), ack("volado")]) == 400

    envio.refresh_from_db()
    assert envio.ack == Ack.NONE


def test_too_long_is_not_even_read(session: WhatsAppSession) -> None:
    assert post(b" " * (MAX_BYTES + 1)) == 413
    assert post(json.dumps(event("algo", {})).encode().ljust(MAX_BYTES)) == 200


def test_only_post(session: WhatsAppSession) -> None:
    assert Client().get("/webhooks/session_manager/51/").status_code == 405


# --- The session's state ------------------------------------------------------------------------------------------


def state(name: str, *, at: dt.datetime) -> dict[str, Any]:
    return event("session.state", {"state": name, "can_send_messages": name == "READY"}, at=at)


def test_a_disconnection_stops_the_line_and_tells_somebody(session: WhatsAppSession) -> None:
    for _ in range(3):
        assert post(state("DISCONNECTED", at=timezone.now())) == 200

    session.refresh_from_db()
    assert session.state == State.DISCONNECTED
    assert Alert.objects.filter(resolved_at__isnull=True).count() == 1


def test_an_old_state_that_comes_late_changes_nothing(session: WhatsAppSession) -> None:
    now = timezone.now()
    WhatsAppSession.objects.update(state_at=now - dt.timedelta(minutes=5))
    post(state("DISCONNECTED", at=now - dt.timedelta(seconds=10)))

    assert post(state("READY", at=now - dt.timedelta(seconds=20))) == 200

    session.refresh_from_db()
    assert session.state == State.DISCONNECTED


def test_changes_that_come_late_but_in_order_are_all_applied(session: WhatsAppSession) -> None:
    now = timezone.now()
    WhatsAppSession.objects.update(state_at=now - dt.timedelta(minutes=5))
    for name, ago in (("DISCONNECTED", 30), ("CONNECTING", 20), ("READY", 10)):
        post(state(name, at=now - dt.timedelta(seconds=ago)))

    session.refresh_from_db()
    assert session.state == State.READY
    assert not Alert.objects.filter(resolved_at__isnull=True).exists()


# --- Opt-out ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "BAJA", "baja", " Baja. ", "¡BAJA!", "STOP", "stop por favor", "No molestar", "no  molestar...",
        "Desuscribir", "desuscribirme", "Cancelar suscripción", "CANCELAR SUSCRIPCIÓN", "unsubscribe", "Remover",
        "Hola, dame de baja por favor", "Salir", "SAIR", "Não quero", "BAJA 🙏",
    ],
)  # fmt: skip
def test_these_ask_to_be_left_alone(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "🙏", "hola", "Gracias", "no puedo dar de baja el turno", "¿Cuánto baja el precio?", "bajar", "stopwatch",
     "La baja es mañana", "por favor", "cancelar mi turno", "BAJA CALIFORNIA"],
)  # fmt: skip
def test_these_do_not(text: str) -> None:
    assert not is_opt_out(text)


@pytest.fixture
def waiting(session: WhatsAppSession) -> Callable[..., Envio]:
    """Makes a message that waits for the person who writes, in any session."""

    def make(line: WhatsAppSession = session, phone: str = "+5493515550001", **fields: Any) -> Envio:
        envio: Envio = EnvioFactory.create(campaign=CampaignFactory.create(session=line), phone=phone, **fields)
        return envio

    return make


def test_who_asks_to_be_left_alone_gets_nothing_more_from_any_line(waiting: Callable[..., Envio]) -> None:
    mine, elsewhere = waiting(), waiting(WhatsAppSessionFactory.create())
    sent, other = waiting(state=EnvioState.SENT), waiting(phone="+5493515550002")
    told = inbound("BAJA por favor")

    assert [post(told) for _ in range(3)] == [200, 200, 200]

    for envio in (mine, elsewhere):
        envio.refresh_from_db()
        assert envio.state == EnvioState.CANCELLED
        assert [row.evidence for row in envio.events.all()] == [Evidence.OPT_OUT]
    sent.refresh_from_db()
    other.refresh_from_db()
    assert (sent.state, other.state) == (EnvioState.SENT, EnvioState.PENDING)
    row = Suppression.objects.get()
    assert (row.phone, row.source, row.reason) == ("+5493515550001", Suppression.Source.REPLY, "BAJA por favor")


def test_any_other_message_leaves_them_where_they_are(waiting: Callable[..., Envio]) -> None:
    envio = waiting()

    assert post(inbound("Hola, ¿qué precio tiene?")) == 200

    envio.refresh_from_db()
    assert envio.state == EnvioState.PENDING
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("sender", "written"),
    [
        ("5215512345678@c.us", "+525512345678"),
        ("551187654321@c.us", "+5511987654321"),
        ("543515550001@s.whatsapp.net", "+5493515550001"),
    ],
)
def test_numbers_are_found_however_whatsapp_writes_them(
    sender: str, written: str, waiting: Callable[..., Envio]
) -> None:
    envio = waiting(phone=written)

    post(inbound("STOP", sender=sender))

    envio.refresh_from_db()
    assert envio.state == EnvioState.CANCELLED
    assert Suppression.objects.filter(phone=written).exists()


def test_who_is_only_known_by_a_lid_is_found_when_the_phone_comes_along(waiting: Callable[..., Envio]) -> None:
    envio = waiting()

    post(inbound("BAJA", sender="123456789@lid"))
    assert not Suppression.objects.exists()
    post(inbound("BAJA", sender="123456789@lid", from_phone="5493515550001@c.us"))

    envio.refresh_from_db()
    assert envio.state == EnvioState.CANCELLED


# --- The whole way ------------------------------------------------------------------------------------------------


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
