"""«Mis oportunidades» and «Mi día»."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns import conversation_states
from campaigns.inbound import receive
from campaigns.models import Conversation
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.directory.models import Client, ContactPoint
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.funnel import contact, moves
from opportunities.models import Opportunity
from opportunities.queries import worklist
from tests.factories.directory import SuppressionFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World
from whatsapp.inbound import Inbound

LIST = "/oportunidades/"


def shown(browser: Browser, path: str = LIST) -> list[int]:
    """The opportunities on the page, from the top."""
    found = re.findall(r'<a [^>]*id="lead-(\d+)"', browser.get(path).content.decode())
    return [int(pk) for pk in found]


def set_deadline(row: Opportunity, deadline: dt.datetime | None) -> None:
    Opportunity.objects.filter(pk=row.pk).update(deadline=deadline)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(
    world: World, browser: Browser, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    world.give(rows)

    with django_assert_num_queries(18):
        assert len(shown(browser)) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_the_day_costs_the_same_for_one_and_for_three(
    world: World, browser: Browser, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for row in world.give(rows):
        set_deadline(row, timezone.now() + dt.timedelta(hours=20))

    # Six of them say how many conversations wait: lines, desk, the clients' phones, and each reason to see one. Five are of
    # what hurries, however many: the rows, their contacts, who asked for silence, the last calls and the reminders.
    with django_assert_num_queries(32):
        assert len(shown(browser, "/")) == rows


def test_what_expires_first_comes_first_and_what_has_no_clock_last(world: World, browser: Browser) -> None:
    now = timezone.now()
    late, never, overdue, soon = world.give(4)
    for row, deadline in (
        (late, now + dt.timedelta(hours=9)),
        (never, None),
        (overdue, now - dt.timedelta(hours=1)),
        (soon, now + dt.timedelta(hours=1)),
    ):
        set_deadline(row, deadline)

    assert shown(browser) == [overdue.pk, soon.pk, late.pk, never.pk]


def test_overdue_is_said_before_the_cron_has_run(world: World, browser: Browser, row: Opportunity) -> None:
    set_deadline(row, timezone.now() - dt.timedelta(minutes=20))

    assert "Venció hace 20 min" in browser.get(LIST).content.decode()
    assert "1 oportunidad venció" in browser.get("/").content.decode()
    page = browser.get(f"{LIST}{row.pk}/").content.decode()
    assert "ya no puedes moverla" in page
    assert "/mover/" not in page


@pytest.mark.parametrize("clockless", [0, 5, 3 * worklist.PAGE])
def test_pages_show_every_row_once(
    world: World, browser: Browser, clockless: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "PAGE", 4)
    rows = world.give(13)
    # Three that expire together, across the end of a page.
    together = timezone.now() + dt.timedelta(minutes=30)
    Opportunity.objects.filter(pk__in=[row.pk for row in rows[3:6]]).update(deadline=together)
    Opportunity.objects.filter(pk__in=[row.pk for row in rows[:clockless]]).update(deadline=None)

    seen: list[int] = []
    path = LIST
    for _page in range(5):
        seen += shown(browser, path)
        more = re.search(r'class="button wide" href="\?([^"]+)"', browser.get(path).content.decode())
        if more is None:
            break
        path = f"{LIST}?{more[1].replace('&amp;', '&')}"

    assert sorted(seen) == [row.pk for row in rows]
    assert len(seen) == len(set(seen))


def test_a_stage_filters(world: World, browser: Browser) -> None:
    first, second = world.give(2)
    moves.move(first.pk, world.funnel.contacted, by=world.promoter.user, version=1, now=timezone.now())

    assert shown(browser, f"{LIST}?etapa={world.funnel.contacted.pk}") == [first.pk]
    assert shown(browser, f"{LIST}?etapa={world.funnel.new.pk}") == [second.pk]


def test_what_waits_in_the_inbox_and_what_was_won_have_their_own_lists(world: World, browser: Browser) -> None:
    left, sold, kept = world.give(3)
    now, by = timezone.now(), world.promoter.user
    moves.move(left.pk, world.funnel.no_answer, by=by, version=1, now=now)
    moves.move(sold.pk, world.funnel.sold, by=by, version=1, now=now, data={"amount": "10"})

    assert shown(browser) == [kept.pk]
    assert shown(browser, f"{LIST}?estado=salida") == [left.pk]
    assert shown(browser, f"{LIST}?estado=ganada") == [sold.pk]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_part_that_moves_costs_the_same_and_comes_only_when_it_changed(
    world: World, browser: Browser, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    given = world.give(rows)
    asked = re.search(r'hx-get="([^"]+)"', browser.get(LIST).content.decode())
    assert asked is not None

    with django_assert_num_queries(17):
        assert browser.get(asked[1]).status_code == 204

    moves.note(given[0].pk, by=world.promoter.user, text="Nada que se vea", now=timezone.now())
    assert browser.get(asked[1]).status_code == 204
    moves.move(given[0].pk, world.funnel.contacted, by=world.promoter.user, version=1, now=timezone.now())
    changed = browser.get(asked[1])
    assert changed.status_code == 200
    assert "<html" not in changed.content.decode()
    assert 'id="chips" hx-swap-oob' in changed.content.decode()


def test_a_line_says_what_passed_last_and_marks_who_waits(world: World, browser: Browser) -> None:
    called, wrote = world.give(2)
    now = timezone.now()
    phones = dict(ContactPoint.objects.values_list("client", "normalised"))
    press = contact.Press(channel=ContactChannel.CALL, key="a", phone=phones[called.client_id])
    told = contact.Result(outcome=ContactOutcome.NO_ANSWER)
    contact.tell(called.pk, press, told, by=world.promoter.user, now=now - dt.timedelta(minutes=5))
    for row in (called, wrote):
        line = WhatsAppSessionFactory.create(team=world.promoter.desk.team, owner=world.colleague.user)
        inbound = Inbound(
            tenant_id=line.tenant_id, message_id=f"in-{row.pk}", phone=phones[row.client_id], lid="", text="¿Y?",
            at=now - dt.timedelta(minutes=10),
        )  # fmt: skip
        receive(inbound, session=line, now=now)
    talk = Conversation.objects.get(phone=phones[called.client_id])
    conversation_states.handle(talk.pk, by=world.supervisor, version=talk.version, now=now)

    page = browser.get(LIST).content.decode()

    assert "Llamaste hace 5 min: no atendió" in page
    assert page.count("Espera respuesta · hace 10 min") == 1


def test_what_was_won_says_for_how_much_and_in_which_money(world: World, browser: Browser, row: Opportunity) -> None:
    OperatingCalendar.objects.update(time_zone="America/Sao_Paulo")
    amount = {"amount": "1500.50"}
    moves.move(row.pk, world.funnel.sold, by=world.promoter.user, version=1, now=timezone.now(), data=amount)

    assert "R$ 1.500,50" in browser.get(f"{LIST}?estado=ganada").content.decode()
    assert "R$ 1.500,50" in browser.get(f"{LIST}{row.pk}/").content.decode()


def test_from_a_client_one_goes_on_to_the_next_and_back_to_the_place_in_the_list(
    world: World, browser: Browser
) -> None:
    now = timezone.now()
    rows = world.give(4)
    for number, row in enumerate(rows):
        set_deadline(row, now + dt.timedelta(hours=1) if number < 2 else None)
    moves.move(rows[1].pk, world.funnel.contacted, by=world.promoter.user, version=1, now=now)
    set_deadline(rows[1], now + dt.timedelta(hours=1))

    def near(row: Opportunity, query: str = "") -> list[str]:
        return re.findall(
            r'<a id="(?:before|after)"[^>]*href="([^"]+)"', browser.get(f"{LIST}{row.pk}/{query}").content.decode()
        )

    ids = [row.pk for row in rows]
    assert near(rows[0]) == [f"{LIST}{ids[1]}/"]
    assert near(rows[1]) == [f"{LIST}{ids[0]}/", f"{LIST}{ids[2]}/"]
    assert near(rows[2]) == [f"{LIST}{ids[1]}/", f"{LIST}{ids[3]}/"]
    assert near(rows[3]) == [f"{LIST}{ids[2]}/"]
    place = f"?etapa={world.funnel.new.pk}"
    assert near(rows[2], place) == [f"{LIST}{ids[0]}/{place}", f"{LIST}{ids[3]}/{place}"]
    assert f'href="{LIST}{place}#lead-{ids[2]}"' in browser.get(f"{LIST}{ids[2]}/{place}").content.decode()
    kept = browser.post(f"{LIST}{ids[2]}/nota/{place}", {"text": "Vuelve a su lugar"})
    assert kept.headers["Location"] == f"{LIST}{ids[2]}/{place}"
    from_list = browser.post(f"{LIST}{ids[2]}/nota/", {"text": "Desde la lista", "next": f"{LIST}{place}"})
    assert from_list.headers["Location"] == f"{LIST}{place}"


@pytest.mark.parametrize(
    "search",
    [
        "ramona",
        "QUIROGA",
        "quiroga ramona",
        "33 1234 5678",
        "5213312345678",
        "345678",
        "+52 33 1234-5678",
        "Ramoná 5678",
        "paz 345",
        "ramona 1810",
        "(33) 1234/5678",
        "52133 1234",
        "044 33 1234 5678",
        "RAMONA@CORREO",
    ],
)
def test_somebody_is_found_by_name_and_by_phone_however_it_is_written(
    world: World, browser: Browser, search: str
) -> None:
    row, _other = world.give(2)
    Client.objects.filter(pk=row.client_id).update(name="Ramona", last_names="Quiroga Paz 1810")
    ContactPoint.objects.filter(client=row.client_id).update(normalised="+523312345678")
    ContactPoint.objects.create(
        client=row.client, kind=ContactPoint.Kind.EMAIL, raw="ramona@correo.mx", normalised="ramona@correo.mx"
    )
    world.promoter.desk.calendar.time_zone = "America/Mexico_City"
    world.promoter.desk.calendar.save()

    assert [int(pk) for pk in shown(browser, f"{LIST}?q={search.replace('+', '%2B')}")] == [row.pk]


@pytest.mark.parametrize(
    "search", ["+54 9 11 5555-1234", "11 5555 1234", "011 15 5555 1234", "15 5555", "5411 5555", "5555", "#{pk}"]
)
def test_a_part_of_an_argentine_phone_is_found_however_it_is_typed(world: World, browser: Browser, search: str) -> None:
    row, _other = world.give(2)
    ContactPoint.objects.filter(client=row.client_id).update(normalised="+5491155551234")
    OperatingCalendar.objects.update(time_zone="America/Argentina/Buenos_Aires")

    assert shown(browser, f"{LIST}?{urlencode({'q': search.format(pk=row.pk)})}") == [row.pk]


@pytest.mark.parametrize(
    "query", ["etapa=x", "etapa=9999999999999", "estado=nada", "despues=ayer_1", "despues=_", "q="]
)
def test_an_address_that_makes_no_sense_shows_the_list(
    world: World, browser: Browser, row: Opportunity, query: str
) -> None:
    assert browser.get(f"{LIST}?{query}").status_code == 200


def test_the_buttons_call_and_open_the_chat_with_the_stages_words(
    world: World, browser: Browser, row: Opportunity
) -> None:
    world.funnel.new.message_template = "Hola {nombre}, soy {promotor} & {otro}"
    world.funnel.new.save()
    Client.objects.filter(pk=row.client_id).update(name="Ñata")
    ContactPoint.objects.filter(client=row.client_id).update(normalised="+523312345678")

    page = browser.get(LIST).content.decode()

    assert 'href="tel:+523312345678"' in page
    assert 'data-chat="https://wa.me/523312345678?text=Hola%20%C3%91ata%2C%20soy%20Persona%20%26%20%7Botro%7D"' in page


def test_who_asked_for_silence_is_called_and_not_written_to(world: World, browser: Browser, row: Opportunity) -> None:
    SuppressionFactory(phone=ContactPoint.objects.get(client=row.client_id).normalised)

    for path in (LIST, f"{LIST}{row.pk}/"):
        page = browser.get(path).content.decode()
        assert "wa.me" not in page
        assert "tel:+52" in page
        assert "solo llamada" in page


def test_an_empty_list_says_what_to_do(world: World, browser: Browser) -> None:
    page = browser.get(LIST).content.decode()

    assert "No tienes oportunidades por trabajar" in page
    assert 'href="/pedir/"' in page
