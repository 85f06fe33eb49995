"""What a promoter typed survives a dead network and a log-in that ran out, and arrives once."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from opportunities.enums import EventKind
from opportunities.models import Opportunity
from tests.browser.conftest import PHONE, OpenPage
from tests.factories.accounts import PASSWORD
from tests.opportunities.web.conftest import World, row, world

__all__ = ["row", "world"]

pytestmark = pytest.mark.browser


# Drafts, and people whose pages are here.
_KEPT = """async () => [
  Object.keys(localStorage).filter(name => name.startsWith("lm:")).length,
  (await caches.keys()).filter(name => name.startsWith("pages-")).length,
]"""


def notes(row: Opportunity) -> list[str]:
    return list(row.events.filter(kind=EventKind.NOTE).order_by("id").values_list("reason", flat=True))


def test_a_note_without_a_network_arrives_later_and_once(look: OpenPage, world: World, row: Opportunity) -> None:
    eye = look(PHONE, world.promoter.user, worker=True)
    page = eye.page
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    eye.go(f"/oportunidades/{row.pk}/")

    page.context.set_offline(True)
    page.locator("#bar-note").click()
    page.get_by_label("Nota", exact=True).fill("Llamar el jueves")
    page.get_by_role("button", name="Guardar nota").click()
    expect(page.locator("#waiting")).to_have_text("1 cosa espera la red")
    page.reload()
    expect(page.locator("#net")).to_contain_text("Sin conexión: datos de las")
    expect(page.get_by_role("heading", name=str(row.client))).to_be_visible()
    assert notes(row) == []

    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_be_hidden()
    eye.forget_troubles()
    eye.go(f"/oportunidades/{row.pk}/")

    expect(page.locator("#timeline")).to_contain_text("Llamar el jueves")
    assert notes(row) == ["Llamar el jueves"]
    page.locator("#bar-note").click()
    page.get_by_label("Nota", exact=True).fill("A medias")
    assert page.evaluate(_KEPT) == [1, 1]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Salir").click()
    page.wait_for_url("**/login/")
    assert page.evaluate(_KEPT) == [0, 0]
    eye.forget_troubles()


def test_a_log_in_that_ran_out_is_asked_for_in_place_and_the_note_goes_on(
    look: OpenPage, world: World, row: Opportunity
) -> None:
    eye = look(PHONE, world.promoter.user)
    page = eye.page
    eye.go(f"/oportunidades/{row.pk}/")
    page.locator("#bar-note").click()
    page.get_by_label("Nota", exact=True).fill("Llamar el jueves")
    page.reload()
    expect(page.get_by_label("Nota", exact=True)).to_have_value("Llamar el jueves")
    page.locator("#bar-note").click()
    Session.objects.all().delete()

    page.get_by_role("button", name="Guardar nota").click()
    dialog = page.get_by_role("dialog", name="Tu sesión terminó")
    dialog.get_by_label("Contraseña").fill("otra")
    dialog.get_by_role("button", name="Entrar").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Contraseña").fill(PASSWORD)
    dialog.get_by_role("button", name="Entrar").click()

    page.get_by_text("Nota guardada.").wait_for()
    assert notes(row) == ["Llamar el jueves"]
    eye.forget_troubles()
    eye.check("story-log-in-in-place")
