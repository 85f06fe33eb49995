"""Answering from a conversation's page: what is sent, what is shown first, and what became of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import timezone

from campaigns.enums import Ack, EnvioState
from campaigns.inbound import receive
from campaigns.models import Conversation, Envio
from leadmaster.directory.models import Suppression
from opportunities.models import Opportunity, Stage
from tests.factories.campaigns import WrittenReplyFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World
from whatsapp.inbound import Inbound

PHONE = "+523312345678"


def hears(row: Conversation, text: str) -> None:
    now = timezone.now()
    inbound = Inbound(tenant_id=row.session.tenant_id, message_id=f"in-{text}", phone=PHONE, lid="", text=text, at=now)
    receive(inbound, session=row.session, now=now)


@pytest.fixture
def talk(world: World) -> Conversation:
    """Somebody asks on the promoter's own line."""
    line = WhatsAppSessionFactory.create(owner=world.promoter.user, team=world.promoter.desk.team, region="MX")
    now = timezone.now()
    receive(
        Inbound(tenant_id=line.tenant_id, message_id="in-1", phone=PHONE, lid="", text="¿Cuánto sale?", at=now),
        session=line,
        now=now,
    )
    return Conversation.objects.get()


def page(world: World, talk: Conversation, who: str = "promoter") -> str:
    answer = world.browser(who).get(f"/conversaciones/{talk.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html[html.index('id="composer"') :])
    assert found is not None
    return found[1]


def send(world: World, talk: Conversation, html: str, text: str = "Sale $ 100", who: str = "promoter") -> Any:
    given = {"text": text, "key": hidden(html, "key"), "seen": hidden(html, "seen")}
    return world.browser(who).post(f"/conversaciones/{talk.pk}/responder/", given)


def test_an_answer_is_written_once_and_stands_in_the_thread(world: World, talk: Conversation) -> None:
    html = page(world, talk)

    assert send(world, talk, html).status_code == 302
    assert send(world, talk, html).status_code == 302

    reply = Envio.objects.get()
    assert (reply.text, reply.author, reply.phone) == ("Sale $ 100", world.promoter.user, PHONE)
    shown = page(world, talk)
    assert f'data-key="{reply.written_key}"' in shown
    assert "Espera la línea" in shown
    assert "every 3s" in shown


def test_what_they_wrote_meanwhile_is_shown_and_one_tap_sends_it_anyway(world: World, talk: Conversation) -> None:
    html = page(world, talk)
    hears(talk, "Mejor dos")

    shown = send(world, talk, html).content.decode()

    assert not Envio.objects.exists()
    assert "Mejor dos" in shown
    assert "Escribió algo mientras contestabas" in shown
    assert "Mandar igual" in shown
    assert ">Sale $ 100</textarea>" in shown
    assert send(world, talk, shown).status_code == 302
    assert Envio.objects.get().text == "Sale $ 100"


@pytest.mark.parametrize("who", ["colleague", "stranger", "foreign_supervisor"])
def test_who_does_not_read_it_answers_nothing(world: World, talk: Conversation, who: str) -> None:
    html = page(world, talk)

    assert send(world, talk, html, who=who).status_code == 404
    assert not Envio.objects.exists()


def test_the_teams_supervisor_answers(world: World, talk: Conversation) -> None:
    send(world, talk, page(world, talk, "supervisor"), who="supervisor")

    assert Envio.objects.get().author == world.supervisor


def test_nobody_answers_while_it_is_in_doubt_whether_they_want_to_hear(world: World, talk: Conversation) -> None:
    html = page(world, talk)
    Suppression.objects.create(phone=PHONE, source=Suppression.Source.DOUBT, created_at=timezone.now())

    assert "Quizás pidió que no le escriban" in send(world, talk, html).content.decode()
    shown = page(world, talk)
    assert "Quizás pidió que no le escriban" in shown
    assert 'id="answer"' not in shown
    assert not Envio.objects.exists()


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"state": EnvioState.SENT}, "✓ Enviada"),
        ({"state": EnvioState.SENT, "ack": Ack.DELIVERED}, "✓✓ Entregado"),
        ({"state": EnvioState.SENT, "ack": Ack.READ}, "✓✓ Leído"),
    ],
)
def test_how_far_it_got_is_told(world: World, talk: Conversation, fields: dict[str, object], word: str) -> None:
    WrittenReplyFactory(session=talk.session, phone=PHONE, author=world.promoter.user, **fields)

    assert word in page(world, talk)


def test_what_did_not_leave_says_why_and_is_sent_again_with_one_tap(world: World, talk: Conversation) -> None:
    why = "No tiene WhatsApp"
    WrittenReplyFactory(
        session=talk.session, phone=PHONE, author=world.promoter.user, state=EnvioState.ERROR, error_text=why
    )
    shown = page(world, talk)
    retry = shown[shown.index(why) :]

    given = {name: hidden('id="composer"' + retry, name) for name in ("text", "key", "seen")}
    world.browser("promoter").post(f"/conversaciones/{talk.pk}/responder/", given)
    world.browser("promoter").post(f"/conversaciones/{talk.pk}/responder/", given)

    assert list(Envio.objects.order_by("id").values_list("state", flat=True)) == ["error", "pendiente"]


def test_of_a_doubt_its_author_says_what_became_of_it(world: World, talk: Conversation) -> None:
    reply = WrittenReplyFactory.create(
        session=talk.session,
        phone=PHONE,
        author=world.promoter.user,
        state=EnvioState.UNCERTAIN,
        dispatched_at=timezone.now(),
    )
    assert "No se sabe si llegó" in page(world, talk)

    world.browser("promoter").post(f"/conversaciones/{talk.pk}/decidir/", {"reply": reply.pk, "decision": "arrived"})

    reply.refresh_from_db()
    assert (reply.state, reply.settled_by) == (EnvioState.SENT_BY_HAND, world.promoter.user)
    assert "Llegó, según una persona" in page(world, talk)


def test_a_reply_of_another_conversation_is_not_decided_here(world: World, talk: Conversation) -> None:
    reply = WrittenReplyFactory.create(state=EnvioState.UNCERTAIN, dispatched_at=timezone.now())

    world.browser("promoter").post(f"/conversaciones/{talk.pk}/decidir/", {"reply": reply.pk, "decision": "arrived"})

    reply.refresh_from_db()
    assert reply.state == EnvioState.UNCERTAIN


def test_the_stages_messages_are_a_tap_away_with_the_names_in_them(
    world: World, talk: Conversation, row: Opportunity
) -> None:
    Stage.objects.filter(pk__in=[row.stage_id]).update(message_template="Hola, soy {promotor}: te paso el precio.")

    shown = page(world, talk)

    who = world.promoter.user.first_name
    assert f'data-insert="Hola, soy {who}: te paso el precio."' in shown
