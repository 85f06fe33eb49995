"""A promoter's day at both widths: what goes wrong under a thumb, on a slow network, in two tabs, and what moves alone."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route

from campaigns.inbound import receive
from leadmaster.directory.models import ContactPoint
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.funnel import moves
from opportunities.models import Absence, Lot, Opportunity, Promoter
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.factories.directory import SuppressionFactory
from tests.factories.opportunities import ClientFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World, row, world
from whatsapp.inbound import Inbound

__all__ = ["row", "world"]

pytestmark = pytest.mark.browser
widths = pytest.mark.parametrize("width", [PHONE, DESKTOP])

# What a finger has to hit: links inside a sentence are read, not hit.
_TARGETS = "button, .button, summary, select, textarea, input:not([type=hidden], [type=checkbox]), .chips a, .tabs a, .back a, .lead h2 a"
_TOO_SMALL = """selector => [...document.querySelectorAll(selector)].filter(part => {
  const box = part.getBoundingClientRect();
  return box.height > 0 && (box.height < 43.5 || box.width < 43.5);
}).map(part => part.outerHTML.slice(0, 120))"""
_COVERED = """() => {
  const part = document.activeElement, box = part.getBoundingClientRect();
  if (part === document.body || !box.height) return "";
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return top && (part.contains(top) || top.contains(part)) ? "" : part.outerHTML.slice(0, 120);
}"""


@widths
def test_a_step_a_note_and_more_time_become_history(look: OpenPage, world: World, row: Opportunity, width: int) -> None:
    eye = look(width, world.promoter.user)
    page = eye.page
    eye.go(f"/oportunidades/{row.pk}/")

    page.get_by_role("button", name="Contactada").click()
    page.get_by_text("pasó a “Contactada”").wait_for()
    page.get_by_label("Nota", exact=True).fill("Llamar el jueves")
    page.get_by_role("button", name="Guardar nota").click()
    page.get_by_text("Nota guardada.").wait_for()
    page.get_by_role("button", name="pedir prórroga").click()
    page.get_by_text("Prórroga concedida").wait_for()

    told = page.locator("#timeline b").all_inner_texts()
    assert told == ["Prórroga", "Nota", "De “Nueva” a “Contactada”", "Asignada"]
    assert page.get_by_role("button", name="pedir prórroga").count() == 0
    eye.check("story-desk-history")


@widths
def test_what_is_missing_is_in_sight_and_ready_to_be_written(
    look: OpenPage, world: World, row: Opportunity, width: int
) -> None:
    eye = look(width, world.promoter.user)
    page = eye.page
    eye.go(f"/oportunidades/{row.pk}/")
    page.locator("summary", has_text="Venta").click()
    page.get_by_label("Producto").fill("Plan familiar")
    # A phone that does not check forms itself.
    page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true; })")

    page.get_by_role("button", name="Registrar la venta").click()
    page.locator(".field-error").wait_for()

    assert page.evaluate("document.activeElement.name") == "dato-amount"
    box = page.get_by_label("Monto").bounding_box()
    assert box is not None
    assert 60 < box["y"] < 740
    assert page.get_by_label("Producto").input_value() == "Plan familiar"
    eye.check("story-desk-missing")
    page.keyboard.type("900")
    page.keyboard.press("Enter")
    page.get_by_text("¡Venta registrada!").wait_for()


def test_the_second_of_two_tabs_is_told_what_changed(look: OpenPage, world: World, row: Opportunity) -> None:
    eye = look(PHONE, world.promoter.user)
    eye.go(f"/oportunidades/{row.pk}/")
    other = eye.page.context.new_page()
    other.goto(eye.page.url)
    other.get_by_role("button", name="Contactada").click()
    other.get_by_text("pasó a “Contactada”").wait_for()

    eye.page.locator("summary", has_text="Otro momento").click()
    eye.page.get_by_role("button", name="Confirmar: Otro momento").click()

    eye.page.get_by_text("No se hizo: la oportunidad cambió mientras la mirabas").wait_for()
    row.refresh_from_db()
    assert row.stage == world.funnel.contacted
    eye.check("story-desk-two-tabs")


def test_a_double_tap_on_a_slow_network_asks_once(look: OpenPage, world: World) -> None:
    ClientFactory.create_batch(6)
    eye = look(PHONE, world.promoter.user)
    page = eye.page
    eye.go("/pedir/")
    asked: list[str] = []
    page.route("**/pedir/", lambda route: _slowly(route, asked))
    page.get_by_label("¿Cuántas quieres?").fill("2")

    page.get_by_role("button", name="Pedir", exact=True).dblclick(no_wait_after=True)
    page.get_by_text("Recibiste 2 oportunidades.").wait_for()

    assert asked == ["POST"]
    assert Lot.objects.get().granted == 2
    eye.check("story-desk-lot")


def _slowly(route: Route, asked: list[str]) -> None:
    asked.append(route.request.method)
    time.sleep(0.4)
    route.continue_()


@widths
def test_a_number_is_judged_before_the_form_is_sent(look: OpenPage, world: World, row: Opportunity, width: int) -> None:
    moves.move(row.pk, world.funnel.pooled, by=world.promoter.user, version=1, now=timezone.now(), reason="Otro día")
    request_lot(world.colleague, Filters(), 1, key="suyo", now=timezone.now())
    taken = ContactPoint.objects.get(client__open_opportunity__owner=world.colleague).normalised
    SuppressionFactory.create(phone="+5493515550101")
    eye = look(width, world.promoter.user)
    page = eye.page
    eye.go("/captar/")

    phone = page.get_by_label("Teléfono", exact=True)
    for number, answer in (
        (taken, "ya se está trabajando desde"),
        ("+5493515550101", "pidió no recibir mensajes"),
        ("351 2233", "número completo"),
        ("+54 9 351 274-3915", "+54 9 351 274-3915: libre"),
    ):
        phone.fill(number)
        assert page.locator("#about-phone").inner_text() == ""
        page.locator("#about-phone", has_text=answer).wait_for()
    eye.check("story-desk-capture")
    page.get_by_label("Nombre y apellido").fill("Ana Sosa")
    page.get_by_role("button", name="Captar").click()
    page.get_by_text("Ana Sosa ya es tu oportunidad").wait_for()

    assert Opportunity.objects.get(owner=world.promoter).client.full_name == "Ana Sosa"


@widths
def test_what_moves_moves_by_itself(look: OpenPage, world: World, row: Opportunity, width: int) -> None:
    ClientFactory.create_batch(3)
    eye = look(width, world.promoter.user)
    page = eye.page
    page.clock.install()

    eye.go("/pedir/")
    assert page.locator(".available").inner_text() == "3 disponibles ahora"
    request_lot(world.colleague, Filters(), 2, key="suyo", now=timezone.now())
    page.clock.run_for(31_000)
    page.get_by_text("1 disponible ahora").wait_for()

    eye.go("/")
    Opportunity.objects.filter(pk=row.pk).update(deadline=timezone.now() - dt.timedelta(minutes=1))
    _write_back(world.promoter, row, "¿Me llamas?")
    page.clock.run_for(61_000)
    page.get_by_text("1 oportunidad venció").wait_for()
    page.get_by_text("¿Me llamas?").wait_for()
    eye.check("story-desk-day-late")


def test_an_open_page_of_what_was_taken_away_says_so(look: OpenPage, world: World, row: Opportunity) -> None:
    eye = look(PHONE, world.promoter.user)
    page = eye.page
    page.clock.install()
    eye.go(f"/oportunidades/{row.pk}/")

    moves.move(row.pk, world.funnel.pooled, by=world.supervisor, version=1, now=timezone.now(), reason="Lo sigue otro")
    page.clock.run_for(61_000)

    page.get_by_text(f"La oportunidad #{row.pk} ya no está en tus manos.").wait_for()
    eye.check("story-desk-gone")


@widths
def test_who_has_nothing_or_may_not_ask_is_told_what_to_do(look: OpenPage, world: World, width: int) -> None:
    eye = look(width, world.promoter.user)
    page = eye.page
    for name, path, words in (
        ("day", "/", "No tienes nada por trabajar."),
        ("list", "/oportunidades/", "Pide clientes de tu zona o registra uno tuyo."),
        ("request", "/pedir/", "No hay clientes disponibles con esos filtros."),
        ("campaigns", "/mis-campanias/", "Todavía no tienes campañas"),
    ):
        eye.go(path)
        page.get_by_text(words).wait_for()
        eye.check(f"desk-empty-{name}")
    today = timezone.now().date()
    Absence.objects.create(
        promoter=world.promoter,
        starts_on=today,
        ends_on=today + dt.timedelta(days=1),
        created_by=world.supervisor,
        created_at=timezone.now(),
    )
    eye.go("/pedir/")
    page.get_by_text("Hoy figuras como ausente").wait_for()
    assert page.get_by_role("button", name="Pedir", exact=True).is_disabled()
    eye.check("desk-absent-request")


def test_everything_is_big_enough_for_a_thumb_and_no_focus_hides_behind_a_bar(look: OpenPage, world: World) -> None:
    row = world.give(3)[0]
    ClientFactory.create_batch(2)
    WhatsAppSessionFactory.create(owner=world.promoter.user, team=world.promoter.desk.team)
    eye = look(PHONE, world.promoter.user)

    for path in (
        "/",
        "/oportunidades/",
        f"/oportunidades/{row.pk}/",
        "/pedir/",
        f"/lotes/{row.lot_id}/",
        "/captar/",
        "/oportunidades/escribir/",
    ):
        eye.go(path)
        assert eye.page.evaluate(_TOO_SMALL, _TARGETS) == [], path
        assert _hidden_focus(eye.page) == [], path


def _hidden_focus(page: Page) -> list[str]:
    hidden = []
    for _step in range(25):
        page.keyboard.press("Tab")
        hidden.append(page.evaluate(_COVERED))
    return [part for part in hidden if part]


def _write_back(promoter: Promoter, row: Opportunity, text: str) -> None:
    line = WhatsAppSessionFactory.create(owner=promoter.user, team=promoter.desk.team)
    phone, now = ContactPoint.objects.get(client=row.client_id).normalised, timezone.now()
    receive(
        Inbound(tenant_id=line.tenant_id, message_id="in", phone=phone, lid="", text=text, at=now),
        session=line,
        now=now,
    )
