"""A promoter with a list of clients under one thumb: eight lines, a sheet, a bar, a slip that is taken back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from opportunities.enums import ContactOutcome, EventKind
from opportunities.models import ContactAttempt, Opportunity, Reminder
from tests.browser.conftest import PHONE, OpenPage
from tests.opportunities.web.conftest import World, row, world

__all__ = ["row", "world"]

pytestmark = pytest.mark.browser

_WHOLE_LINES = """() => {
  const foot = document.querySelector(".tabs").getBoundingClientRect().top;
  return [...document.querySelectorAll(".client")].filter(line => line.getBoundingClientRect().bottom <= foot + 1).length;
}"""


def test_from_a_line_of_the_list_to_a_call_a_step_and_its_undo(look: OpenPage, world: World) -> None:
    rows = world.give(20)
    now = timezone.now()
    for number, one in enumerate(rows):
        Opportunity.objects.filter(pk=one.pk).update(deadline=now + dt.timedelta(hours=3 + number))
    eye = look(PHONE, world.promoter.user)
    page = eye.page
    eye.go("/oportunidades/")
    assert page.evaluate(_WHOLE_LINES) >= 8
    eye.check("story-clients-list")

    target = rows[15]
    page.locator(f"#more-{target.pk}").scroll_into_view_if_needed()
    was = page.evaluate("window.scrollY")
    page.locator(f"#more-{target.pk}").press("Enter")
    eye.check("story-clients-sheet")
    page.locator("#row-sheet summary", has_text="Nota").click()
    page.locator("#row-note").fill("Prefiere la tarde")
    page.get_by_role("button", name="Guardar nota").click()
    page.get_by_text("Nota guardada.").wait_for()
    page.wait_for_function("was => Math.abs(window.scrollY - was) < 80", arg=was)

    # The telephone's own dialler is none of the browser's.
    page.evaluate("document.querySelectorAll('a[href^=tel]').forEach(link => link.setAttribute('href', '#'))")
    page.locator(f"#call-{target.pk}").click()
    page.locator("#after-call").get_by_role("radio", name="Atendió", exact=True).check()
    page.locator("#after-call").get_by_role("radio", name="En 1 hora").check()
    page.locator("#after-call").get_by_role("button", name="Guardar").click()
    page.get_by_text("Guardado: atendió.").wait_for()

    page.locator(f"#lead-{target.pk}").click()
    page.locator("#bar-move").click()
    page.get_by_role("button", name="Contactada").click()
    page.get_by_role("button", name="Deshacer").click()
    page.get_by_text("Deshecho:").wait_for()
    eye.check("story-clients-one")
    page.get_by_role("link", name="← Mis oportunidades").click()
    page.wait_for_url(f"**/oportunidades/#lead-{target.pk}")

    target.refresh_from_db()
    assert (target.stage, target.version) == (world.funnel.new, 3)
    kinds = list(target.events.order_by("id").values_list("kind", flat=True))
    assert kinds == [
        EventKind.ASSIGNED,
        EventKind.NOTE,
        EventKind.NOTE,
        EventKind.NOTE,
        EventKind.MOVED,
        EventKind.UNDONE,
    ]
    assert ContactAttempt.objects.get().outcome == ContactOutcome.ANSWERED
    assert Reminder.objects.get().opportunity == target


def test_text_at_twice_its_size_stays_on_the_screen(look: OpenPage, world: World, row: Opportunity) -> None:
    eye = look(PHONE, world.promoter.user)

    for path in ("/oportunidades/", f"/oportunidades/{row.pk}/", "/pedir/", "/captar/"):
        eye.go(path)
        eye.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert eye.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
