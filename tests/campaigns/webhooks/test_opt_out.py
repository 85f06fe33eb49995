"""Who asks to be left alone is, everywhere and at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.enums import EnvioState, Evidence
from campaigns.models import Envio
from campaigns.opt_outs import OptOut, meaning
from leadmaster.directory.models import Suppression
from tests.campaigns.webhooks.events import inbound, post
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession


@pytest.mark.parametrize(
    "text",
    [
        "BAJA", "baja", " Baja. ", "¡BAJA!", "STOP", "stop por favor", "No molestar", "no  molestar...",
        "Desuscribir", "desuscribirme", "Cancelar suscripción", "CANCELAR SUSCRIPCIÓN", "unsubscribe", "Remover",
        "Hola, dame de baja por favor", "Salir", "SAIR", "Não quero", "BAJA 🙏",
    ],
)  # fmt: skip
def test_these_ask_to_be_left_alone(text: str) -> None:
    assert meaning(text) is OptOut.ASKED


@pytest.mark.parametrize(
    "text",
    ["", "   ", "🙏", "hola", "Gracias", "no puedo dar de baja el turno", "¿Cuánto baja el precio?", "bajar", "stopwatch",
     "La baja es mañana", "por favor", "cancelar mi turno", "BAJA CALIFORNIA"],
)  # fmt: skip
def test_these_do_not(text: str) -> None:
    assert meaning(text) is OptOut.NO


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
