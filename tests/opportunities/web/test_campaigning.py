"""A promoter writes to their own clients from the phone: whom, what, a preview, and a draft to be approved."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.models import Campaign, Envio
from leadmaster.directory.models import Client
from opportunities.models import Opportunity
from tests.company import signed_in, told
from tests.factories.accounts import UserFactory
from tests.factories.directory import SuppressionFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World
from whatsapp.models import WhatsAppSession

WRITE = "/oportunidades/escribir/"
PEOPLE = "/oportunidades/escribir/personas/"
PREVIEW = "/oportunidades/escribir/vista/"


@pytest.fixture
def line(world: World) -> WhatsAppSession:
    row: WhatsAppSession = WhatsAppSessionFactory.create(owner=world.promoter.user, team=world.promoter.desk.team)
    return row


def form(line: WhatsAppSession, **fields: object) -> dict[str, object]:
    given = {"name": "Seguimiento", "session": line.pk, "template": "Hola {nombre}", "key": "k1", **fields}
    return {name: value for name, value in given.items() if value is not None}


def phone_of(row: Opportunity) -> str:
    return row.client.contacts.get().normalised


def test_the_page_lists_whom_the_filters_of_the_list_show(
    world: World, browser: Browser, line: WhatsAppSession
) -> None:
    named, other = world.give(2)
    Client.objects.filter(pk=named.client_id).update(name="Ramona", last_names="Quiroga")

    page = browser.get(WRITE, {"q": "ramona"}).content.decode()

    assert "Ramona Quiroga" in page
    assert other.client.full_name not in page
    assert 'name="listed"' in page
    assert f'href="{WRITE}?q=' in browser.get("/oportunidades/", {"q": "Cliente"}).content.decode()


def test_one_press_makes_a_draft_of_the_chosen_ones(world: World, browser: Browser, line: WhatsAppSession) -> None:
    chosen, _left = world.give(2)

    answer = browser.post(WRITE, form(line, listed="1", ids=[chosen.pk]))

    campaign = Campaign.objects.get()
    assert answer.headers["Location"] == f"/mis-campanias/{campaign.pk}/"
    assert list(campaign.envios.values_list("phone", flat=True)) == [phone_of(chosen)]
    assert told(answer) == ["El borrador está listo. Revísalo y envíalo a aprobar."]
    browser.post(WRITE, form(line, listed="1", ids=[chosen.pk]))
    assert Campaign.objects.count() == 1


def test_a_list_too_long_to_choose_from_takes_the_whole_stage(
    world: World, browser: Browser, line: WhatsAppSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opportunities.queries.own_clients._LISTED", 1)
    world.give(2)

    assert 'name="listed"' not in browser.get(WRITE).content.decode()
    browser.post(WRITE, form(line, etapa=world.funnel.new.pk))

    assert Envio.objects.count() == 2


def test_who_asked_for_silence_cannot_be_chosen_and_is_counted(
    world: World, browser: Browser, line: WhatsAppSession
) -> None:
    kept, silent = world.give(2)
    SuppressionFactory.create(phone=phone_of(silent))

    page = browser.get(WRITE).content.decode()
    browser.post(WRITE, form(line, listed="1", ids=[kept.pk, silent.pk]))

    assert "Pidió no recibir mensajes" in page
    campaign = Campaign.objects.get()
    assert campaign.imports.get().opted_out == 1
    assert "Pidieron no recibir" in browser.get(f"/mis-campanias/{campaign.pk}/").content.decode()


def test_what_belongs_to_others_is_not_written_to(world: World, browser: Browser, line: WhatsAppSession) -> None:
    mine = world.give(1)[0]
    foreign = world.give(1)[0]
    Opportunity.objects.filter(pk=foreign.pk).update(owner=world.colleague)

    browser.post(WRITE, form(line, listed="1", ids=[mine.pk, foreign.pk]))

    assert list(Envio.objects.values_list("phone", flat=True)) == [phone_of(mine)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"template": ""}, "Escribe el mensaje"),
        ({"template": "Debes {saldo}"}, "{saldo}"),
        ({"listed": "1", "ids": []}, "Ninguna de tus oportunidades"),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_written(
    fields: dict[str, object], sentence: str, world: World, browser: Browser, line: WhatsAppSession
) -> None:
    world.give(1)

    page = browser.post(WRITE, form(line, **fields)).content.decode()

    assert sentence in page
    assert "Seguimiento" in page
    assert not Campaign.objects.exists()


def test_a_line_of_a_colleague_is_no_choice(world: World, browser: Browser, line: WhatsAppSession) -> None:
    world.give(1)
    foreign = WhatsAppSessionFactory.create(owner=world.colleague.user, team=world.promoter.desk.team)

    browser.post(WRITE, form(line, session=foreign.pk))

    assert not Campaign.objects.exists()


def test_without_a_line_the_page_says_whom_to_ask(world: World, browser: Browser) -> None:
    world.give(1)

    assert "Pide a tu supervisor que te asigne una" in browser.get(WRITE).content.decode()


def test_the_preview_is_of_real_people(world: World, browser: Browser, line: WhatsAppSession) -> None:
    row = world.give(1)[0]

    shown = browser.post(PREVIEW, form(line, template="Hola {nombre} de {ciudad}", name=None)).content.decode()
    wrong = browser.post(PREVIEW, form(line, template="Hola {nombre")).content.decode()
    lacking = browser.post(PREVIEW, form(line, template="{capacidad}")).content.decode()

    assert f"Hola {row.client.name} de Guadalajara" in shown
    assert "llave suelta" in wrong
    assert "Falta el dato {capacidad}" in lacking
    assert browser.post(PREVIEW, {}).status_code == 200


def test_another_stage_brings_its_people(world: World, browser: Browser, line: WhatsAppSession) -> None:
    row = world.give(1)[0]

    assert row.client.full_name in browser.get(PEOPLE, {"etapa": world.funnel.new.pk}).content.decode()
    nobody = browser.get(PEOPLE, {"etapa": world.funnel.contacted.pk}).content.decode()
    assert "No tienes oportunidades por trabajar aquí" in nobody


@pytest.mark.parametrize("number", [1, 4])
def test_the_page_costs_the_same_for_one_and_for_four(
    number: int,
    world: World,
    browser: Browser,
    line: WhatsAppSession,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    world.give(number)
    browser.get(WRITE)

    with django_assert_num_queries(14):
        browser.get(WRITE)


def test_who_works_at_no_desk_is_told_whom_to_ask(world: World) -> None:
    assert signed_in(UserFactory.create()).get(WRITE).status_code == 403
    assert world.browser("supervisor").get(WRITE).headers["Location"] == "/admin/"
    assert Browser().get(WRITE).headers["Location"].startswith("/login/")
