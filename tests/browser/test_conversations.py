"""A campaign goes out and four people answer; they are answered from the phone, and the line's ledger agrees."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from campaigns.engine.tick import answer_now, run_tick
from campaigns.enums import EnvioState
from campaigns.inbound import receive
from campaigns.models import Campaign, Conversation, Envio
from campaigns.receipts import apply
from opportunities.models import Opportunity
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.factories.campaigns import EnvioFactory, running_campaign
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World, world
from tests.simulator import Simulator
from whatsapp.inbound import Inbound
from whatsapp.receipts import Receipt, ReceiptKind

__all__ = ["world"]

pytestmark = pytest.mark.browser

YES, ASKS, NO_MORE, HIDES = (f"+52331234{number:04d}" for number in range(1, 5))
LID = "987654321098765"


def hears(campaign: Campaign, text: str, *, phone: str = "", lid: str = "") -> Conversation:
    now, line = timezone.now(), campaign.session
    told = Inbound(tenant_id=line.tenant_id, message_id=uuid.uuid4().hex, phone=phone, lid=lid, text=text, at=now)
    receive(told, session=line, now=now)
    return Conversation.objects.get(session=line, **({"phone": phone} if phone else {"lid": lid}))


def is_read(envio: Envio) -> None:
    now = timezone.now()
    told = Receipt(
        kind=ReceiptKind.READ,
        message_id=envio.message_id or "",
        client_message_id=envio.client_message_id,
        at=now,
        error_code="",
        error_text="",
    )
    apply(told, session=envio.session, now=now)


def test_four_people_answer_a_campaign_and_are_answered(look: OpenPage, world: World, simulator: Simulator) -> None:
    team = world.promoter.desk.team
    line = WhatsAppSessionFactory.create(
        team=team, owner=world.promoter.user, tenant_id="51", base_url=simulator.base_url, region="MX"
    )
    campaign = running_campaign(
        owner=world.promoter.user, team=team, session=line, typing=False, delay_min=1, delay_max=1, name="Planes"
    )
    for name, phone in (("Rosa Díaz", YES), ("Julián Paz", ASKS), ("Noé Gil", NO_MORE), ("Inés Luna", HIDES)):
        EnvioFactory(campaign=campaign, phone=phone, name=name, text=f"Hola {name}")
    assert run_tick().outcomes == {"enviado": 4}

    hears(campaign, "¡Sí, me interesa!", phone=YES)
    asked = hears(campaign, "¿Cuánto sale el plan familiar?", phone=ASKS)
    silent = hears(campaign, "por favor no me escriban más", phone=NO_MORE)
    hears(campaign, "¿Quién habla?", lid=LID)

    # The promoter answers from the phone.
    eye = look(PHONE, world.promoter.user)
    page = eye.page
    eye.go(f"/conversaciones/{asked.pk}/")
    page.get_by_label("Tu respuesta").fill("El familiar sale $ 12.000 al mes.")
    page.get_by_role("button", name="Enviar").click()
    page.get_by_text("Espera la línea").wait_for()
    # Nobody looks while the cluster works: the page and it would share one connection here.
    page.goto("about:blank")
    assert answer_now() == {"enviado": 1}
    is_read(Envio.objects.replies().get())
    hears(campaign, "¿Se puede en cuotas?", phone=ASKS)

    # What was being written is still there, and the client's next words too.
    eye.go(f"/conversaciones/{asked.pk}/")
    page.get_by_text("✓✓ Leído").wait_for()
    page.locator("#said").get_by_text("¿Se puede en cuotas?").wait_for()
    page.get_by_label("Tu respuesta").fill("Sí, en tres.")
    eye.go("/conversaciones/")
    eye.go(f"/conversaciones/{asked.pk}/")
    assert page.get_by_label("Tu respuesta").input_value() == "Sí, en tres."
    # Another word comes before it is sent: it is read first.
    page.wait_for_load_state("networkidle")
    hears(campaign, "¿O en seis?", phone=ASKS)
    page.get_by_role("button", name="Enviar").click()
    page.get_by_text("Escribió algo mientras contestabas").wait_for()
    page.locator("#said").get_by_text("¿O en seis?").wait_for()
    eye.check("conversation-unseen")
    page.get_by_role("button", name="Mandar igual").click()
    page.get_by_text("Espera la línea").wait_for()
    eye.go(f"/conversaciones/{silent.pk}/")
    page.get_by_text("Pidió que no le escriban").wait_for()
    assert page.locator("#answer").count() == 0
    page.goto("about:blank")
    assert answer_now() == {"enviado": 1}

    # The supervisor makes an opportunity of the question, for the promoter.
    desk = look(DESKTOP, world.supervisor)
    desk.go(f"/conversaciones/{asked.pk}/")
    desk.page.get_by_text("Hacerla una oportunidad").first.click()
    desk.page.get_by_label("Nombre y apellido").fill("Julián Paz")
    desk.page.locator("#take_to").select_option(str(world.promoter.pk))
    desk.page.get_by_role("button", name="Hacerla una oportunidad").click()
    desk.page.get_by_text("ya es una oportunidad de").wait_for()
    desk.check("conversation-supervisor")
    desk.page.goto("about:blank")

    assert Opportunity.objects.get().owner == world.promoter
    run_tick(timezone.now() + dt.timedelta(minutes=1))
    told = [(one["to"].partition("@")[0], one["client_message_id"]) for one in simulator.delivered()]
    assert [to for to, _id in told].count(NO_MORE.removeprefix("+")) == 1
    sent = Envio.objects.filter(state=EnvioState.SENT)
    assert {own for _to, own in told} == {str(own) for own in sent.values_list("client_message_id", flat=True)}
    assert len(told) == 6
