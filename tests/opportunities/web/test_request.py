"""«Pedir asignación» and the lot that comes of it."""

from __future__ import annotations

import re

import pytest
from django.test import Client as Browser

from leadmaster.calendars.models import OperatingCalendar
from opportunities.models import DailyQuota, Lot, Opportunity, QuotaEntry
from tests.company import told
from tests.factories.opportunities import ClientFactory
from tests.opportunities.web.conftest import World


def key_on(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


def test_from_the_filters_to_the_lot(world: World, browser: Browser) -> None:
    ClientFactory.create_batch(5, province="Córdoba", city="Villa María")
    ClientFactory.create_batch(3, province="Jalisco")
    page = browser.get("/pedir/?province=Córdoba").content.decode()
    assert "Córdoba (5)" in page
    assert "Villa María (5)" in page
    assert "Te quedan 20 de tu cupo de 20." in page

    answer = browser.post("/pedir/", {"province": "Córdoba", "quantity": "4", "key": key_on(page)})

    lot = Lot.objects.get()
    assert answer.headers["Location"] == f"/lotes/{lot.pk}/"
    assert (lot.granted, lot.filters) == (4, {"province": "Córdoba"})
    seen = browser.get(f"/lotes/{lot.pk}/").content.decode()
    assert "Recibiste 4 oportunidades. Te quedan 16 de tu cupo de hoy." in seen
    assert seen.count('class="card lead') == 4


def test_one_key_is_one_request_however_often_it_is_sent(world: World, browser: Browser) -> None:
    ClientFactory.create_batch(10)
    form = {"quantity": "3", "key": key_on(browser.get("/pedir/").content.decode())}

    places = {browser.post("/pedir/", form).headers["Location"] for _ in range(3)}

    assert len(places) == 1
    assert Opportunity.objects.count() == 3
    assert QuotaEntry.objects.count() == 1


def test_each_page_has_a_key_of_its_own_and_is_not_kept(browser: Browser) -> None:
    first, second = browser.get("/pedir/"), browser.get("/pedir/")

    assert key_on(first.content.decode()) != key_on(second.content.decode())
    assert "no-store" in first.headers["Cache-Control"]


def test_an_empty_segment_is_an_answer_and_the_filters_stay(world: World, browser: Browser) -> None:
    ClientFactory(province="Jalisco")

    answer = browser.post("/pedir/", {"province": "Nayarit", "quantity": "4", "key": "uno"})

    assert told(answer) == ["No hay clientes disponibles con esos filtros."]
    assert answer.headers["Location"] == "/pedir/?province=Nayarit&quantity=4"
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "Nayarit (0)" in page
    assert "Te quedan 20 de tu cupo de 20." in page
    assert not Lot.objects.exists()


def test_no_quota_is_an_answer_and_nothing_is_offered_but_when_it_renews(world: World, browser: Browser) -> None:
    world.give(20)
    ClientFactory.create_batch(3)

    answer = browser.post("/pedir/", {"quantity": "1", "key": "uno"})

    assert told(answer) == ["Hoy ya usaste todo tu cupo. Mañana tienes uno nuevo."]
    page = browser.get("/pedir/").content.decode()
    assert "Se renueva mañana 00:00: 20 oportunidades." in page
    assert "<select" not in page
    assert 'name="quantity"' not in page
    assert DailyQuota.objects.get().used == 20


def test_more_than_is_left_grants_the_rest(world: World, browser: Browser) -> None:
    world.give(18)
    ClientFactory.create_batch(10)

    answer = browser.post("/pedir/", {"quantity": "10", "key": "uno"})

    assert "Recibiste 2 de las 10 que pediste" in told(answer)[0]


@pytest.mark.parametrize("quantity", ["", "0", "-3", "muchas", "1.5", "99999999"])
def test_a_quantity_that_is_none_is_told(browser: Browser, quantity: str) -> None:
    answer = browser.post("/pedir/", {"quantity": quantity, "key": "uno"})

    assert "un número desde 1" in told(answer)[0]
    assert browser.get(answer.headers["Location"]).status_code == 200
    assert not Lot.objects.exists()


def test_who_receives_nothing_is_told_before_and_after(world: World, browser: Browser) -> None:
    ClientFactory()
    world.promoter.available = False
    world.promoter.save()

    assert "Por ahora no recibes asignaciones" in browser.get("/pedir/").content.decode()
    assert "Por ahora no recibes asignaciones" in told(browser.post("/pedir/", {"quantity": "1", "key": "uno"}))[0]


def test_the_options_depend_on_each_other(world: World, browser: Browser) -> None:
    ClientFactory.create_batch(2, province="Córdoba", city="Villa María", agreement="Salud")
    ClientFactory(province="Jalisco", city="Tonalá", agreement="Docentes")

    everywhere = browser.get("/pedir/opciones/").content.decode()
    there = browser.get("/pedir/opciones/", {"province": "Córdoba", "city": "Tonalá"}).content.decode()

    assert "Villa María" not in everywhere
    assert "Salud (2)" in everywhere
    assert "Docentes (1)" in everywhere
    assert "Villa María (2)" in there
    assert "Docentes" not in there
    assert "Tonalá (0)" in there


def test_a_lot_tells_where_its_rows_went(world: World, browser: Browser) -> None:
    rows = world.give(3)
    form = {"version": 1, "reason": "No"}
    browser.post(f"/oportunidades/{rows[0].pk}/mover/{world.funnel.pooled.pk}/", form)
    browser.post(f"/oportunidades/{rows[1].pk}/mover/{world.funnel.lost.pk}/", form)

    page = browser.get(f"/lotes/{rows[0].lot_id}/").content.decode()

    for part in ("Activa <b>1</b>", "En el pool <b>1</b>", "Perdida <b>1</b>"):
        assert part in page
    assert page.count('class="card lead') == 1


def test_the_last_filters_are_kept_until_somebody_takes_them_away(world: World, browser: Browser) -> None:
    ClientFactory.create_batch(3, province="Jalisco")
    ClientFactory.create_batch(2, province="Nayarit")
    browser.post("/pedir/", {"province": "Jalisco", "quantity": "1", "key": "uno"})

    kept = browser.get("/pedir/").content.decode()
    assert re.search(r'<option value="Jalisco" selected>', kept)
    assert "Quitar los filtros" in kept
    for path in ("/pedir/?todos=1", "/pedir/?province=&quantity=3"):
        assert "selected>" not in browser.get(path).content.decode()


@pytest.mark.parametrize(
    ("zone", "offered"),
    [
        ("America/Argentina/Cordoba", ["Córdoba", "Zona 3"]),
        ("America/Mexico_City", ["JALISCO", "Zona 3"]),
        ("America/Sao_Paulo", ["Paraná", "Zona 3"]),
        ("Europe/Madrid", ["JALISCO", "Zona 3"]),
    ],
)
def test_provinces_of_other_countries_are_not_offered(
    world: World, browser: Browser, zone: str, offered: list[str]
) -> None:
    for province in ("Zona 3", "Córdoba", "JALISCO", "Paraná"):
        ClientFactory.create(province=province)
    OperatingCalendar.objects.update(time_zone=zone)

    page = browser.get("/pedir/?todos=1").content.decode()

    provinces = page[page.index('id="facet-province"') : page.index("</select>")]
    assert re.findall(r'<option value="([^"]+)"', provinces) == offered
