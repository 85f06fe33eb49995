"""Meta's webhooks at our door: the question before the first one, and what each of them changes."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.enums import Ack, BrakeKind, CampaignState, EnvioState
from campaigns.models import CampaignBrake, Envio, Reply
from leadmaster.directory.models import Suppression
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp import sessions
from whatsapp.models import GatewayKind, WhatsAppSession
from whatsapp.simulator.vendors.meta import callback

pytestmark = pytest.mark.django_db(transaction=True)

SECRET, WORD, NUMBER = "secreto-de-la-app", "palabra", "106540352242922"
PATH = f"/webhooks/meta_cloud/{NUMBER}/"
PERSON = "+5493515550001"


def a_line(**fields: Any) -> WhatsAppSession:
    given = {
        "gateway": GatewayKind.META_CLOUD,
        "tenant_id": NUMBER,
        "webhook_secret": SECRET,
        "verify_token": WORD,
        "capabilities": ["callbacks", "echo", "templates", "no_own_chat"],
        **fields,
    }
    made: WhatsAppSession = WhatsAppSessionFactory.create(**given)
    return made


@pytest.fixture
def line() -> WhatsAppSession:
    return a_line()


@pytest.fixture
def envio(line: WhatsAppSession) -> Envio:
    campaign = CampaignFactory.create(session=line, state=CampaignState.RUNNING, official_name="aviso")
    made: Envio = EnvioFactory.create(campaign=campaign, state=EnvioState.SENT, message_id="wamid.1", phone=PERSON)
    return made


def post(content: object, *, path: str = PATH, secret: str = SECRET) -> int:
    body = json.dumps(content).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    answer = Client(enforce_csrf_checks=True).post(
        path, body, content_type="application/json", headers={"X-Hub-Signature-256": signature}
    )
    return answer.status_code


def status(word: str, *, line: str = NUMBER, message_id: str = "wamid.1", **more: Any) -> dict[str, Any]:
    told = {"id": message_id, "status": word, "timestamp": str(int(time.time())), "recipient_id": PERSON[1:], **more}
    return callback(line, statuses=[told])


def failed(code: int) -> dict[str, Any]:
    return status("failed", errors=[{"code": code, "title": "no"}])


def words(text: str) -> dict[str, Any]:
    message = {"from": PERSON[1:], "id": f"wamid.in.{len(text)}", "timestamp": str(int(time.time())), "type": "text"}
    return callback(NUMBER, messages=[{**message, "text": {"body": text}}])


# --- The question before ---------------------------------------------------------------------------------------------


def ask(**query: str) -> tuple[int, bytes]:
    wanted = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": WORD, **query}
    answer = Client().get(PATH, wanted)
    return answer.status_code, answer.content


def test_whoever_knows_the_word_gets_the_challenge_back(line: WhatsAppSession) -> None:
    assert ask() == (200, b"1158201444")


@pytest.mark.parametrize(
    "query",
    [
        {"hub.verify_token": "otra"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "<script>"},
        {"hub.challenge": ""},
    ],
)
def test_nobody_else_does(line: WhatsAppSession, query: dict[str, str]) -> None:
    assert ask(**query) == (403, b"")


def test_a_line_without_a_word_answers_nobody() -> None:
    a_line(verify_token="")
    assert ask(**{"hub.verify_token": ""}) == (403, b"")


def test_guessing_is_throttled_with_wrong_signatures_together(line: WhatsAppSession) -> None:
    assert {ask(**{"hub.verify_token": str(n)})[0] for n in range(30)} == {403}
    assert ask()[0] == 429


# --- What is told ----------------------------------------------------------------------------------------------------


def test_statuses_in_any_order_and_number_end_at_the_furthest(envio: Envio) -> None:
    for word in ("read", "sent", "delivered", "read", "sent"):
        assert post(status(word)) == 200
    envio.refresh_from_db()
    assert (envio.state, envio.ack) == (EnvioState.SENT, Ack.READ)


def test_a_doubt_ends_by_our_own_id_given_back(line: WhatsAppSession) -> None:
    campaign = CampaignFactory.create(session=line, state=CampaignState.RUNNING)
    envio = EnvioFactory.create(campaign=campaign, state=EnvioState.UNCERTAIN, dispatched_at=timezone.now())
    given_back = {"biz_opaque_callback_data": str(envio.client_message_id)}

    assert post(status("sent", message_id="wamid.new", **given_back)) == 200

    envio.refresh_from_db()
    assert (envio.state, envio.message_id) == (EnvioState.SENT, "wamid.new")


def test_what_an_app_tells_of_another_of_its_numbers_reaches_that_line(envio: Envio) -> None:
    other = a_line(tenant_id="20000000002")
    theirs = EnvioFactory.create(
        campaign=CampaignFactory.create(session=other, state=CampaignState.RUNNING),
        state=EnvioState.SENT,
        message_id="wamid.1",
    )
    assert post(status("delivered", line="20000000002")) == 200
    theirs.refresh_from_db()
    envio.refresh_from_db()
    assert (theirs.ack, envio.ack) == (Ack.DELIVERED, Ack.NONE)


def test_another_apps_secret_speaks_for_no_other_number(envio: Envio) -> None:
    a_line(tenant_id="20000000002", webhook_secret="de otra app")
    assert post(status("delivered"), path="/webhooks/meta_cloud/20000000002/", secret="de otra app") == 400
    envio.refresh_from_db()
    assert envio.ack == Ack.NONE


def test_words_are_kept_and_an_opt_out_is_obeyed(envio: Envio) -> None:
    assert post(words("me interesa")) == 200
    assert post(words("BAJA")) == 200
    assert Reply.objects.filter(phone=PERSON).count() == 2
    assert Suppression.objects.filter(phone=PERSON, source=Suppression.Source.REPLY).exists()


def test_a_marketing_stop_is_an_opt_out_everywhere(envio: Envio) -> None:
    waiting = EnvioFactory.create(phone=PERSON, state=EnvioState.PENDING)
    told = {"wa_id": PERSON[1:], "category": "marketing_messages", "value": "stop", "timestamp": int(time.time())}

    assert post(callback(NUMBER, user_preferences=[told])) == 200
    assert post(callback(NUMBER, user_preferences=[told])) == 200

    assert Suppression.objects.filter(phone=PERSON).count() == 1
    waiting.refresh_from_db()
    assert waiting.state == EnvioState.CANCELLED


# --- Late refusals ---------------------------------------------------------------------------------------------------


def test_a_late_refusal_of_one_person_concerns_nobody_else(envio: Envio, line: WhatsAppSession) -> None:
    assert post(failed(131049)) == 200
    envio.refresh_from_db()
    line.refresh_from_db()
    assert (envio.state, envio.error_code, line.paused_at) == (EnvioState.ERROR, "META_131049", None)


@pytest.mark.parametrize("code", [131042, 131031, 368, 131048])
def test_a_late_refusal_of_the_account_stops_the_line_and_tells(envio: Envio, line: WhatsAppSession, code: int) -> None:
    assert post(failed(code)) == 200
    line.refresh_from_db()
    assert line.paused_at is not None
    assert f"Meta {code}" in line.trouble
    assert Alert.objects.filter(open_key=f"session:{line.pk}").exists()


def test_a_late_refusal_of_the_template_pauses_its_campaign_once(envio: Envio, line: WhatsAppSession) -> None:
    assert [post(failed(132001)), post(failed(132001))] == [200, 200]
    assert envio.campaign is not None
    envio.campaign.refresh_from_db()
    line.refresh_from_db()
    assert (envio.campaign.state, line.paused_at) == (CampaignState.PAUSED, None)
    assert CampaignBrake.objects.filter(campaign=envio.campaign, kind=BrakeKind.TEMPLATE).count() == 1
    assert Alert.objects.filter(open_key=f"campaign-template:{envio.campaign_id}").exists()


@pytest.mark.parametrize("known", [True, False])
def test_a_refusal_that_is_told_again_undoes_nothing_that_a_person_put_right(
    envio: Envio, line: WhatsAppSession, known: bool
) -> None:
    if not known:
        Envio.objects.filter(pk=envio.pk).update(message_id="wamid.0")
    assert post(failed(131042)) == 200
    line.refresh_from_db()
    assert line.paused_at is not None
    sessions.unpause(line, by=UserFactory.create(), now=timezone.now())

    assert post(failed(131042)) == 200

    line.refresh_from_db()
    assert line.paused_at is None
