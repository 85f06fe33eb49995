"""«Captar»: the form, and the phone that is checked while it is typed."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone

from leadmaster.calendars.models import OpeningWindow
from leadmaster.directory.models import Client, ContactPoint
from opportunities.enums import Origin
from opportunities.models import Opportunity
from opportunities.web import capture
from tests.company import told
from tests.factories.directory import SuppressionFactory
from tests.factories.opportunities import ClientFactory
from tests.opportunities.web.conftest import World

FORM = {"name": "Valentina Sosa", "phone": "0351 15 274-3915", "key": "uno"}
E164 = "+5493512743915"


@pytest.fixture(autouse=True)
def _argentine(world: World) -> None:
    cache.clear()
    calendar = world.promoter.desk.calendar
    calendar.time_zone = "America/Argentina/Cordoba"
    calendar.save()


def checked(browser: Browser, phone: str, *, field: str = "phone") -> str:
    return browser.get("/captar/telefono/", {field: phone}).content.decode()


def test_a_new_client_is_theirs_with_the_phone_as_the_desks_country_writes_it(world: World, browser: Browser) -> None:
    answer = browser.post("/captar/", FORM)

    row = Opportunity.objects.get()
    assert answer.headers["Location"] == f"/oportunidades/{row.pk}/"
    assert (row.owner, row.origin) == (world.promoter, Origin.CAPTURE)
    assert ContactPoint.objects.get(client=row.client).normalised == E164
    assert told(answer) == ["Valentina Sosa ya es tu oportunidad. El plazo está corriendo."]


def test_pressed_twice_it_is_one_client(browser: Browser) -> None:
    first, second = browser.post("/captar/", FORM), browser.post("/captar/", FORM)

    assert first.headers["Location"] == second.headers["Location"]
    assert Client.objects.count() == 1


def test_a_colleagues_client_is_refused_without_whose_it_is_and_nothing_typed_is_lost(
    world: World, browser: Browser
) -> None:
    world.browser("colleague").post("/captar/", FORM)

    answer = browser.post("/captar/", {**FORM, "key": "dos", "note": "Vecina de Alta Gracia"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "ya se está trabajando desde el" in page
    assert str(world.colleague) not in page
    assert "Vecina de Alta Gracia" in page
    assert Opportunity.objects.count() == 1


@pytest.mark.parametrize("form", [{"name": ""}, {"phone": ""}, {"phone": "12"}, {"email": "no"}, {"key": ""}])
def test_what_is_missing_is_said(browser: Browser, form: dict[str, str]) -> None:
    assert browser.post("/captar/", {**FORM, **form}).status_code == 200
    assert not Opportunity.objects.exists()


def test_the_phone_is_checked_while_it_is_typed(world: World, browser: Browser) -> None:
    assert checked(browser, "351").strip() == ""
    assert "libre" in checked(browser, "351 274-3915")
    assert "libre" in checked(browser, "351 274-3915", field="other_phone")
    assert "field-error" in checked(browser, "274391599999")
    world.browser("colleague").post("/captar/", FORM)
    assert "ya se está trabajando desde" in checked(browser, "351 274-3915")
    assert "es tu oportunidad #" in checked(world.browser("colleague"), "351 274-3915")
    SuppressionFactory(phone="+5493512743916")
    assert "no recibir mensajes" in checked(browser, "351 274-3916")


def test_nobody_looks_the_directory_through(world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "_CHECKS_A_MINUTE", 3)

    answers = [browser.get("/captar/telefono/", {"phone": f"351 274-391{n}"}) for n in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert "Espera un minuto" in answers[-1].content.decode()
    assert world.browser("colleague").get("/captar/telefono/", {"phone": "351 274-3915"}).status_code == 200


def test_refused_captures_count_as_checks(world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal tells whether a phone is known, as the check does."""
    monkeypatch.setattr(capture, "_CHECKS_A_MINUTE", 2)
    world.browser("colleague").post("/captar/", FORM)

    pages = [browser.post("/captar/", {**FORM, "key": f"clave-{n}"}).content.decode() for n in range(3)]

    assert ["ya se está trabajando desde" in page for page in pages] == [True, True, False]
    assert "Espera un minuto" in pages[-1]


def test_the_form_asks_the_server_when_the_typing_stops(browser: Browser) -> None:
    page = browser.get("/captar/").content.decode()

    assert re.search(r'name="phone"[^>]*hx-get="/captar/telefono/"', page)
    assert "delay:600ms" in page


def test_whom_a_free_number_belongs_to_is_said_before_it_is_saved_and_what_was_typed_stays(
    world: World, browser: Browser
) -> None:
    client = ClientFactory.create(name="Valentina", last_names="Sosa Paz", city="Alta Gracia")
    ContactPoint.objects.filter(client=client).update(normalised=E164)

    assert "En el directorio es Valentina Sosa Paz (Alta Gracia)" in checked(browser, "351 274-3915")
    browser.post("/captar/", {**FORM, "name": "Vale de la feria", "note": "Vecina"})

    row = Opportunity.objects.get()
    assert row.client == client
    assert row.events.get().reason == "Vecina Lo cargó como “Vale de la feria”."
    assert "Sosa Paz" not in checked(world.browser("colleague"), "351 274-3915")


def test_what_is_ones_own_is_a_link(browser: Browser) -> None:
    browser.post("/captar/", FORM)
    link = f'href="/oportunidades/{Opportunity.objects.get().pk}/"'

    assert link in checked(browser, "351 274-3915")
    refused = browser.post("/captar/", {**FORM, "name": "Otra vez", "key": "dos"}).content.decode()
    assert link in refused
    assert 'value="Otra vez"' in refused


def test_at_night_it_says_of_the_clock_what_the_day_says(world: World, browser: Browser) -> None:
    calendar = world.promoter.desk.calendar
    now = timezone.now().astimezone(calendar.tz)
    calendar.windows.all().delete()
    tomorrow = now + dt.timedelta(days=1)
    OpeningWindow.objects.create(calendar=calendar, weekday=tomorrow.weekday(), opens=dt.time(9), closes=dt.time(18))

    (sentence,) = told(browser.post("/captar/", FORM))

    said = re.search(r"La mesa abre el .* hasta entonces los plazos no corren\.", sentence)
    assert said is not None
    assert said[0] in browser.get("/").content.decode()
