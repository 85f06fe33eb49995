"""The page of one opportunity: steps, demands, sale, note, extension, two tabs."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import Ack, EnvioState
from campaigns.inbound import receive
from campaigns.models import Reply
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.directory.models import ContactPoint
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import EventKind, OpportunityState
from opportunities.funnel import moves
from opportunities.models import Opportunity, Sale, Stage, StageRoute
from tests.company import told
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.opportunities import ClientFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World
from whatsapp.inbound import Inbound


def step(row: Opportunity, stage: Stage) -> str:
    return reverse("desk-move", args=[row.pk, stage.pk])


def page(browser: Browser, row: Opportunity) -> str:
    return browser.get(f"/oportunidades/{row.pk}/").content.decode()


@pytest.mark.parametrize("contacts", [1, 3])
def test_the_page_costs_the_same_however_many_phones(
    browser: Browser, row: Opportunity, contacts: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(contacts - 1):
        phone = f"+52331234567{number}"
        ContactPoint.objects.create(client=row.client, kind=ContactPoint.Kind.PHONE, raw=phone, normalised=phone)

    # Two for the usual reasons, three for the clients before and after it in the list, one for the conversation.
    with django_assert_num_queries(25):
        # And the bar calls the first one.
        assert page(browser, row).count('href="tel:') == contacts + 1


def test_only_the_steps_that_may_follow_are_there(world: World, browser: Browser, row: Opportunity) -> None:
    StageRoute.objects.filter(to_stage=world.funnel.lost).delete()

    text = page(browser, row)

    assert step(row, world.funnel.contacted) in text
    assert step(row, world.funnel.lost) not in text
    assert step(row, world.funnel.new) not in text


def test_a_step_is_taken_and_told(world: World, browser: Browser, row: Opportunity) -> None:
    answer = browser.post(step(row, world.funnel.contacted), {"version": 1})

    assert answer.headers["Location"] == f"/oportunidades/{row.pk}/"
    assert told(answer) == [f"{row.client} pasó a “Contactada”."]
    row.refresh_from_db()
    assert (row.stage, row.version) == (world.funnel.contacted, 2)
    assert "De “Nueva” a “Contactada”" in page(browser, row)


def test_the_second_of_two_tabs_is_told_what_changed(world: World, browser: Browser, row: Opportunity) -> None:
    moves.move(row.pk, world.funnel.contacted, by=world.supervisor, version=1, now=timezone.now())

    answer = browser.post(step(row, world.funnel.no_answer), {"version": 1})

    assert answer.headers["Location"] == f"/oportunidades/{row.pk}/"
    (sentence,) = told(answer)
    assert "cambió mientras la mirabas (cambio de etapa: Contactada" in sentence
    assert str(world.supervisor) in sentence
    row.refresh_from_db()
    assert (row.state, row.version) == (OpportunityState.ACTIVE, 2)


def test_a_reason_that_is_demanded_is_asked_for_and_nothing_typed_is_lost(
    world: World, browser: Browser, row: Opportunity
) -> None:
    world.funnel.lost.required_fields = ["competidor"]
    world.funnel.lost.save()
    StageRoute.objects.filter(to_stage=world.funnel.lost).update(needs_reason=True)

    answer = browser.post(step(row, world.funnel.lost), {"version": 1, "dato-competidor": "La otra"})

    assert answer.status_code == 200
    assert 'value="La otra"' in answer.content.decode()
    row.refresh_from_db()
    assert row.state == OpportunityState.ACTIVE

    browser.post(step(row, world.funnel.lost), {"version": 1, "dato-competidor": "La otra", "reason": "Más barata"})

    row.refresh_from_db()
    assert row.state == OpportunityState.LOST
    assert row.data == {"competidor": "La otra"}


def test_an_exit_goes_back_to_the_list_and_says_who_decides(world: World, browser: Browser, row: Opportunity) -> None:
    answer = browser.post(step(row, world.funnel.no_answer), {"version": 1, "reason": "Tres veces"})

    assert answer.headers["Location"] == "/oportunidades/"
    assert "Tu supervisor decide" in told(answer)[0]
    row.refresh_from_db()
    assert (row.state, row.exit_reason) == (OpportunityState.EXIT, "Tres veces")


def test_a_sale_pressed_twice_is_one_sale(world: World, browser: Browser, row: Opportunity) -> None:
    sale = {"version": 1, "dato-amount": "48500.50", "dato-product": "Plan familiar", "dato-reference": "F-1"}

    first = browser.post(step(row, world.funnel.sold), sale)
    second = browser.post(step(row, world.funnel.sold), sale)
    other = browser.post(step(row, world.funnel.sold), {**sale, "dato-amount": "1"})

    assert told(first)[0].startswith("¡Venta registrada!")
    assert told(second)[-1].startswith("¡Venta registrada!")
    assert "ya tiene una venta" in told(other)[-1]
    found = Sale.objects.get()
    assert (str(found.amount), found.product, found.reference) == ("48500.50", "Plan familiar", "F-1")


@pytest.mark.parametrize(
    ("zone", "typed", "amount", "shown"),
    [
        ("America/Argentina/Cordoba", "12500,50", "12500.50", "12.500,50"),
        ("America/Argentina/Cordoba", "45.000", "45000.00", "45.000,00"),
        ("America/Argentina/Cordoba", "48.500,50", "48500.50", "48.500,50"),
        ("America/Argentina/Cordoba", "$ 1.250.000", "1250000.00", "1.250.000,00"),
        ("America/Mexico_City", "45,000", "45000.00", "45,000.00"),
        ("America/Mexico_City", "12500.50", "12500.50", "12,500.50"),
    ],
)
def test_an_amount_is_read_as_the_desks_country_writes_it_and_shown_back(
    world: World, browser: Browser, row: Opportunity, zone: str, typed: str, amount: str, shown: str
) -> None:
    OperatingCalendar.objects.update(time_zone=zone)
    answer = browser.post(step(row, world.funnel.sold), {"version": 1, "dato-amount": typed}, follow=True)

    assert str(Sale.objects.get().amount) == amount
    assert f"$ {shown}" in answer.content.decode()


@pytest.mark.parametrize("amount", ["", "-1", "mucho", "1,2,3", "12.505,5,0", "1.2345", "9999999999999"])
def test_an_amount_that_is_none_is_refused_in_its_place(
    world: World, browser: Browser, row: Opportunity, amount: str
) -> None:
    answer = browser.post(step(row, world.funnel.sold), {"version": 1, "dato-amount": amount})

    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    assert not Sale.objects.exists()


def test_a_step_that_the_funnel_does_not_know_is_refused(world: World, browser: Browser, row: Opportunity) -> None:
    StageRoute.objects.filter(to_stage=world.funnel.contacted).delete()

    assert "no se puede pasar" in told(browser.post(step(row, world.funnel.contacted), {"version": 1}))[0]
    assert browser.post(f"/oportunidades/{row.pk}/mover/99999/", {"version": 1}).status_code == 404


def test_a_note_is_kept(browser: Browser, row: Opportunity) -> None:
    assert told(browser.post(f"/oportunidades/{row.pk}/nota/", {"text": "Llamar a la <tarde>"})) == ["Nota guardada."]
    assert browser.post(f"/oportunidades/{row.pk}/nota/", {"text": " "}).status_code == 200

    assert row.events.filter(kind=EventKind.NOTE).count() == 1
    assert "Llamar a la &lt;tarde&gt;" in page(browser, row)


def test_what_was_written_to_the_client_is_in_the_history(world: World, browser: Browser, row: Opportunity) -> None:
    phone = ContactPoint.objects.get(client=row.client_id).normalised
    for owner, text in ((world.promoter.user, "Hola, ¿cómo va?"), (world.stranger.user, "De otra mesa")):
        campaign = CampaignFactory(owner=owner, name=f"Campaña de {owner}")
        EnvioFactory(
            campaign=campaign, phone=phone, text=text, state=EnvioState.SENT, ack=Ack.READ, sent_at=timezone.now()
        )

    text = page(browser, row)

    assert "Hola, ¿cómo va?" in text
    assert "Leído" in text
    assert "De otra mesa" not in text


def test_what_the_client_answered_is_in_the_history_whichever_line_of_the_team_it_came_to(
    world: World, browser: Browser, row: Opportunity
) -> None:
    phone = ContactPoint.objects.get(client=row.client_id).normalised
    for number, (owner, text) in enumerate(
        [(world.colleague, "Sí, <llámame>"), (world.stranger, "A otra mesa le digo que no")]
    ):
        line = WhatsAppSessionFactory.create(owner=owner.user, team=owner.desk.team)
        Reply.objects.create(session=line, phone=phone, text=text, at=timezone.now(), message_id=f"in-{number}")

    text = page(browser, row)

    assert "Sí, &lt;llámame&gt;" in text
    assert "A otra mesa" not in text


def test_an_extension_is_given_once(browser: Browser, row: Opportunity) -> None:
    Opportunity.objects.filter(pk=row.pk).update(deadline=timezone.now() + dt.timedelta(minutes=5))
    assert "pedir prórroga" in page(browser, row)

    given = browser.post(f"/oportunidades/{row.pk}/prorroga/", {"version": 1})

    assert "Prórroga concedida" in told(given)[0]
    assert "pedir prórroga" not in page(browser, row)
    again = browser.post(f"/oportunidades/{row.pk}/prorroga/", {"version": 2})
    assert "ya tuvo su prórroga" in told(again)[-1]
    row.refresh_from_db()
    assert row.deadline is not None
    assert row.deadline > timezone.now() + dt.timedelta(minutes=50)


def test_a_step_after_the_deadline_is_refused(world: World, browser: Browser, row: Opportunity) -> None:
    Opportunity.objects.filter(pk=row.pk).update(deadline=timezone.now() - dt.timedelta(minutes=5))

    answer = browser.post(step(row, world.funnel.contacted), {"version": 1})

    assert "ya venció" in told(answer)[0]


def test_the_clients_last_words_stand_first_and_whole(world: World, browser: Browser, row: Opportunity) -> None:
    phone = ContactPoint.objects.get(client=row.client_id).normalised
    line = WhatsAppSessionFactory.create(owner=world.colleague.user, team=world.promoter.desk.team)
    words, now = "Una pregunta larga. " * 60 + "¿Puede ser el jueves?", timezone.now()
    inbound = Inbound(tenant_id=line.tenant_id, message_id="in-1", phone=phone, lid="", text=words, at=now)
    receive(inbound, session=line, now=now)

    text = page(browser, row)

    said = text[text.index('id="said"') :]
    assert words.strip() in said[: said.index("</section>")]
    assert 'id="bar-talk"' in text
    assert text.index('id="said"') < text.index('id="contact"') < text.index('id="timeline"')


@pytest.mark.parametrize(("asked", "sheet"), [("mover", "move"), ("nota", "note"), ("otra", "")])
def test_without_a_script_the_bar_opens_its_sheets_by_address(
    browser: Browser, row: Opportunity, asked: str, sheet: str
) -> None:
    text = browser.get(f"/oportunidades/{row.pk}/?hoja={asked}").content.decode()

    opened = re.findall(r'<dialog id="([a-z-]+)"[^>]* open>', text)
    assert opened == ([sheet] if sheet else [])


def test_a_step_is_taken_back_by_the_button_that_comes_with_it(
    world: World, browser: Browser, row: Opportunity
) -> None:
    browser.post(step(row, world.funnel.pooled), {"version": 1, "reason": "En marzo"})
    offered = browser.get("/oportunidades/").content.decode()
    assert f'action="/oportunidades/{row.pk}/deshacer/"' in offered

    answer = browser.post(f"/oportunidades/{row.pk}/deshacer/", {"version": 2})

    assert answer.headers["Location"] == f"/oportunidades/{row.pk}/"
    assert told(answer)[-1] == f"Deshecho: {row.client} sigue en “Nueva”."
    row.refresh_from_db()
    assert (row.state, row.stage, row.owner) == (OpportunityState.ACTIVE, world.funnel.new, world.promoter)
    assert "/deshacer/" not in browser.get("/oportunidades/").content.decode()
    again = browser.post(f"/oportunidades/{row.pk}/deshacer/", {"version": 2})
    assert "cambió mientras la mirabas" in told(again)[-1]


def test_the_teams_usual_reasons_are_one_touch_away(world: World, browser: Browser, row: Opportunity) -> None:
    colleague, stranger = world.colleague, world.stranger
    for owner, reason in ((colleague, "ya compró"), (colleague, "Ya compró"), (colleague, "Solo una vez"),
                          (stranger, "De otra mesa"), (stranger, "De otra mesa")):  # fmt: skip
        ClientFactory.create()
        given = request_lot(owner, Filters(), 1, key=str(uuid.uuid4()), now=timezone.now())
        left = Opportunity.objects.get(lot=given.lot_id)
        moves.move(left.pk, world.funnel.no_answer, by=owner.user, version=1, now=timezone.now(), reason=reason)

    text = page(browser, row)
    chips = re.findall(r'name="usual" value="([^"]+)"', text)
    browser.post(step(row, world.funnel.no_answer), {"version": 1, "usual": chips[0], "reason": "en la feria"})

    assert chips == ["Ya compró"]
    row.refresh_from_db()
    assert row.exit_reason == "Ya compró: en la feria"


def test_a_chosen_reason_is_a_reason(world: World, browser: Browser, row: Opportunity) -> None:
    StageRoute.objects.filter(to_stage=world.funnel.lost).update(needs_reason=True)

    browser.post(step(row, world.funnel.lost), {"version": 1, "usual": "Ya compró", "reason": ""})

    row.refresh_from_db()
    assert (row.state, row.events.latest("id").reason) == (OpportunityState.LOST, "Ya compró")
