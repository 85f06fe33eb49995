"""Variants from an endpoint that speaks over real HTTP: proposed, looked over, accepted."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from campaigns.enums import CampaignState, EnvioState
from campaigns.errors import Incomplete, NotAllowed, Stale, WrongState
from campaigns.models import Campaign
from campaigns.parsing import parse
from campaigns.variants import proposals, provider, stand_in
from campaigns.variants.proposals import _recent, accept, base_of, propose
from tests import company as companies
from tests.company import Company, signed_in, told
from tests.factories.campaigns import CampaignFactory, EnvioFactory, WrittenReplyFactory

MESSAGE = "Hola {nombre}, te escribimos de Solar Norte. Tenemos paneles con 20% menos: ¿te interesa? Gracias"


class Canned(http.server.BaseHTTPRequestHandler):
    """Answers every request with what the test put there, and keeps what it was asked."""

    status, body = 200, b""
    asked: list[tuple[str, str, Any]]

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked.append((self.path, self.headers.get("Authorization", ""), json.loads(content)))
        self.send_response(type(self).status)
        self.send_header("Content-Length", str(len(type(self).body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(type(self).body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name is the base class's
        """Quiet."""


@contextlib.contextmanager
def running(server: http.server.ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _nobody_asked_yet() -> None:
    """The counts of an hour outlive a test, and people's numbers come again in the next."""
    cache.clear()


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


@pytest.fixture
def writer(settings: Any) -> Iterator[None]:
    with running(stand_in.serve(0)) as settings.AI_BASE_URL:
        yield


@pytest.fixture
def canned(settings: Any) -> Iterator[type[Canned]]:
    handler = type("One", (Canned,), {"asked": []})
    settings.AI_API_KEY, settings.AI_MODEL = "secret-key", "some-model"
    with running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as settings.AI_BASE_URL:
        yield handler


@pytest.fixture
def draft(company: Company) -> Campaign:
    campaign: Campaign = CampaignFactory(owner=company.owner, team=company.team, template=MESSAGE)
    for number in range(30):
        EnvioFactory(campaign=campaign, phone=f"+54911400000{number:02d}", name="Ana", text=MESSAGE)
    return campaign


def said(*texts: str) -> bytes:
    content = f"Claro:\n```json\n{json.dumps(texts)}\n```"
    return json.dumps({"choices": [{"message": {"content": content}}]}).encode()


def test_the_bundled_endpoint_proposes_what_can_be_accepted_and_everybody_gets_one(
    company: Company, draft: Campaign, writer: None
) -> None:
    found = propose(draft, count=5, by=company.supervisor)
    assert len({one.text for one in found}) == 5
    usable = [one.text for one in found if not one.problem]
    assert len(usable) >= 3

    assert accept(draft, usable[:3], base=MESSAGE, by=company.supervisor, now=timezone.now()) == 30

    texts = set(draft.envios.values_list("text", flat=True))
    assert texts == {option.replace("{nombre}", "Ana") for option in [MESSAGE, *usable[:3]]}
    assert parse(draft.template).texts == 4
    assert draft.events.get().reason == "Aceptó 3 variantes."


def test_accepted_ones_join_those_that_are_there(company: Company, draft: Campaign) -> None:
    other = "Qué tal {nombre}. En Solar Norte bajamos un 20% los paneles, ¿lo vemos?"
    third = "{nombre}, los paneles cuestan 20% menos. ¿Hablamos? Te saluda Solar Norte"
    for text in (other, third):
        accept(draft, [text], base=MESSAGE, by=company.supervisor, now=timezone.now())
    assert draft.template == f"[{MESSAGE}|{other}|{third}]"
    assert base_of(draft) == MESSAGE


def test_the_endpoint_is_told_the_message_and_nothing_of_anybody(
    company: Company, draft: Campaign, canned: type[Canned]
) -> None:
    canned.body = said("Buenas {nombre}, de Solar Norte: 20% en paneles", "Sin nada de eso")
    found = propose(draft, count=2, by=company.supervisor)

    assert [bool(one.problem) for one in found] == [False, True]
    [(path, key, body)] = canned.asked
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer secret-key", "some-model")
    assert body["messages"][-1] == {"role": "user", "content": MESSAGE}
    assert "+54" not in json.dumps(body)
    assert "Ana" not in json.dumps(body)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, b"no", "revise AI_API_KEY"),
        (404, b"no", "revise AI_MODEL"),
        (429, b"no", "pide esperar"),
        (503, b"no", "HTTP 503"),
        (302, b"", "HTTP 302"),
        (200, b"<html>", "no se entiende"),
        (200, b"[" * 100_000, "no se entiende"),
        (200, b'{"choices": []}', "no se entiende"),
        (200, b'{"choices": [{"message": {"content": null}}]}', "no se entiende"),
        (200, b'{"choices": [{"message": {"content": "1. Hola 2. Buenas"}}]}', "no se entiende"),
        (200, b'{"choices": [{"message": {"content": "[1, 2]"}}]}', "no se entiende"),
        (200, b" " * 300_000, "demasiado"),
    ],
)
def test_what_the_endpoint_gets_wrong_is_told_and_nothing_of_it_repeated(
    company: Company, draft: Campaign, canned: type[Canned], status: int, body: bytes, sentence: str
) -> None:
    canned.status, canned.body = status, body
    with pytest.raises(provider.ProviderError, match=sentence):
        propose(draft, count=2, by=company.supervisor)
    assert parse(Campaign.objects.get(pk=draft.pk).template).texts == 1


def test_one_person_asks_so_often_in_an_hour_and_no_more(
    company: Company, draft: Campaign, canned: type[Canned], monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.body = said("Buenas {nombre}, de Solar Norte: 20% en paneles")
    monkeypatch.setattr(proposals, "MOST_AN_HOUR", 2)
    for _turn in range(2):
        propose(draft, count=1, by=company.supervisor)
    with pytest.raises(WrongState, match="2 veces en una hora"):
        propose(draft, count=1, by=company.supervisor)
    assert len(canned.asked) == 2
    propose(draft, count=1, by=company.owner)


def test_nobody_there_and_nothing_configured_are_told(company: Company, draft: Campaign, settings: Any) -> None:
    with pytest.raises(provider.ProviderError, match="AI_BASE_URL"):
        propose(draft, count=1, by=company.supervisor)
    settings.AI_BASE_URL = "http://127.0.0.1:9/v1"
    with pytest.raises(provider.ProviderError, match="no responde"):
        propose(draft, count=1, by=company.supervisor)


def test_what_a_person_mended_is_held_to_the_same_rule(company: Company, draft: Campaign) -> None:
    for text, sentence in [
        ("Buenas {nombre}, Solar Norte con 30% menos", "Le falta: 20%"),
        (MESSAGE.replace("Gracias", ""), "Se parece demasiado a otra"),
        ("Hola a todos", "La variante 1 no se puede usar"),
    ]:
        with pytest.raises(Incomplete, match=sentence):
            accept(draft, [text], base=MESSAGE, by=company.supervisor, now=timezone.now())
    draft.refresh_from_db()
    assert draft.template == MESSAGE


def test_one_too_like_what_the_number_sent_last_is_refused(company: Company, draft: Campaign) -> None:
    text = "Qué tal {nombre}. En Solar Norte bajamos un 20% los paneles, ¿lo vemos?"
    before = CampaignFactory(owner=company.owner, team=company.team, session=draft.session)
    EnvioFactory(
        campaign=before,
        state=EnvioState.SENT,
        message_id="a",
        sent_at=timezone.now(),
        text=text.replace("{nombre}", "Luis"),
    )
    with pytest.raises(Incomplete, match="lo último que envió este número"):
        accept(draft, [text], base=MESSAGE, by=company.supervisor, now=timezone.now())


def test_a_message_that_changed_meanwhile_and_a_campaign_that_is_no_draft_are_refused(
    company: Company, draft: Campaign
) -> None:
    text = "Qué tal {nombre}. En Solar Norte bajamos un 20% los paneles, ¿lo vemos?"
    with pytest.raises(Stale):
        accept(draft, [text], base="Hola {nombre}", by=company.supervisor, now=timezone.now())
    Campaign.objects.filter(pk=draft.pk).update(template="Otra {nombre}")
    with pytest.raises(Stale):
        accept(draft, [text], base=MESSAGE, by=company.supervisor, now=timezone.now())
    with pytest.raises(NotAllowed):
        accept(draft, [text], base=MESSAGE, by=company.stranger, now=timezone.now())
    Campaign.objects.filter(pk=draft.pk).update(state=CampaignState.AWAITING_APPROVAL)
    with pytest.raises(WrongState):
        propose(Campaign.objects.get(pk=draft.pk), count=1, by=company.supervisor)


def test_the_page_proposes_and_accepts(company: Company, draft: Campaign, writer: None) -> None:
    client, url = signed_in(company.supervisor), reverse("admin:campaigns_campaign_variants", args=[draft.pk])
    assert "Proponer variantes" in client.get(url).content.decode()

    page = client.post(url, {"step": "propose"})
    texts = [one.text for one in page.context["proposals"]]
    assert len(texts) == 5

    refused = client.post(url, {"step": "accept", "base": MESSAGE, "text": ["mía", texts[0]], "use": ["0"]})
    assert told(refused) == ["La variante 1 no se puede usar. Le falta: {nombre}, 20%, Norte, Solar."]
    assert "mía</textarea>" in refused.content.decode()

    response = client.post(url, {"step": "accept", "base": MESSAGE, "text": texts, "use": ["0", "2"]})
    assert told(response) == ["El mensaje tiene 2 variantes más."]
    draft.refresh_from_db()
    assert parse(draft.template).texts == 3


def test_what_people_answered_is_no_text_of_another_campaign(db: None) -> None:
    campaign = CampaignFactory()
    sent = {"session": campaign.session, "state": EnvioState.SENT, "sent_at": timezone.now()}
    EnvioFactory(text="Otra campaña", message_id="a", **sent)
    WrittenReplyFactory(text="Una respuesta", message_id="b", **sent)

    assert _recent(campaign) == ["Otra campaña"]
