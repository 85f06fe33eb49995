"""A supervisor's day in Chromium at both widths: one exit, ten at once and back, over the quota, the pool, other hours."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from opportunities.enums import OpportunityState, QuotaKind
from opportunities.funnel import moves
from opportunities.models import BulkAction, DailyQuota, Lot, Opportunity, QuotaEntry
from opportunities.supervision import bulk
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.opportunities.admin.deciding import INBOX, exits
from tests.opportunities.admin.rules import administrator
from tests.opportunities.web.conftest import World, world

__all__ = ["world"]

pytestmark = pytest.mark.browser
widths = pytest.mark.parametrize("width", [PHONE, DESKTOP])
S = OpportunityState
LIST = "/admin/opportunities/opportunity/"


def states() -> set[str]:
    return set(Opportunity.objects.values_list("state", flat=True))


# Each width and each theme once: what axe finds of colours does not hang on the width.
@pytest.mark.parametrize(("width", "dark"), [(PHONE, False), (DESKTOP, True)], ids=["phone", "desktop-dark"])
def test_the_desks_lists(look: OpenPage, world: World, width: int, dark: bool) -> None:
    rows = exits(world, 4)
    world.give(2)
    now = timezone.now()
    moves.note(rows[0].pk, by=world.promoter.user, text="Pidió que la llamen en marzo", now=now)
    bulk.return_to_pool([rows[3].pk], by=world.supervisor, now=now, reason="Para otro")
    pages = {
        "desk-home": "/admin/",
        "inbox": INBOX,
        "opportunities": LIST,
        "opportunities-none": f"{LIST}?q=nadie+de+nadie",
        "opportunity-exit": reverse("admin:opportunities_opportunity_change", args=[rows[0].pk]),
        "pool": f"{LIST}pool/",
        "lots": "/admin/opportunities/lot/",
        "lot-of-a-promoter": reverse("admin:opportunities_lot_change", args=[Lot.objects.earliest("pk").pk]),
        "bulk-actions": "/admin/opportunities/bulkaction/",
        "bulk-report": reverse("admin:opportunities_bulkaction_change", args=[BulkAction.objects.get().pk]),
    }
    eye = look(width, world.supervisor, dark=dark)
    for name, path in pages.items():
        eye.go(path)
        eye.check(f"{name}-dark" if dark else name)


@widths
def test_one_exit_is_decided_with_two_clicks(look: OpenPage, world: World, width: int) -> None:
    rows = exits(world, 3, reason="Ya compró en otro lado")
    eye = look(width, world.supervisor)
    eye.go(INBOX)
    for link, button, done in (
        ("Reasignar", "Reasignar", "1 oportunidad reasignada."),
        ("Cerrar", "Cerrar", "1 oportunidad cerrada."),
        ("Al pool", "Devolver al pool", "1 oportunidad devuelta al pool."),
    ):
        # A narrow page has the short words in the line, a wide one the long ones beside it.
        eye.page.get_by_role("link", name=re.compile(f"^({link}|{button})$")).first.click()
        eye.page.get_by_role("button", name=button, exact=True).wait_for()
        eye.check(f"decide-{link.lower().replace(' ', '-')}")
        eye.page.get_by_role("button", name=button, exact=True).click()
        eye.page.get_by_text(done).first.wait_for()

    decided = Opportunity.objects.filter(pk__in=[row.pk for row in rows]).order_by("state")
    assert list(decided.values_list("state", "owner")) == sorted(
        [(S.ACTIVE, world.colleague.pk), (S.LOST, world.promoter.pk), (S.POOL, None)], key=lambda pair: pair[0]
    )


@widths
def test_ten_exits_go_to_the_pool_together_and_come_back(look: OpenPage, world: World, width: int) -> None:
    exits(world, 10)
    eye = look(width, world.supervisor)
    page = eye.page
    eye.go(INBOX)
    for box in page.locator("input.action-select:not([id=action-toggle])").all():
        if box.is_visible():
            box.check()
    page.get_by_role("button", name="Devolver al pool").click()
    page.get_by_role("heading", name="Devolver al pool · 10 oportunidades").wait_for()
    eye.check("decide-ten")
    page.get_by_role("button", name="Devolver al pool (10)").click()
    page.get_by_text("10 oportunidades devueltas al pool.").wait_for()
    assert states() == {S.POOL}
    eye.check("decided-ten")

    page.get_by_role("link", name="Deshacer (hasta").click()
    page.get_by_text("Vuelven el promotor, la etapa, el lote").wait_for()
    eye.check("undo-ten")
    page.get_by_role("button", name="Deshacer").click()
    page.get_by_text("10 volvieron a como estaban.").wait_for()
    assert states() == {S.EXIT}
    assert BulkAction.objects.get().undone_at is not None


@widths
def test_a_quota_is_passed_with_a_reason_that_the_ledger_shows(look: OpenPage, world: World, width: int) -> None:
    [row] = exits(world, 1)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=5)
    eye = look(width, administrator())
    page = eye.page
    eye.go(INBOX)
    page.get_by_role("link", name="Reasignar", exact=True).click()

    page.get_by_label(str(world.colleague)).check()
    page.get_by_label("Pasar su cupo de hoy si hace falta").check()
    page.get_by_role("button", name="Reasignar").click()
    page.get_by_text("Escribe por qué se pasa el cupo").wait_for()
    eye.check("over-quota")
    page.get_by_label("Motivo").fill("Cierre de mes")
    page.get_by_role("button", name="Reasignar").click()
    page.get_by_text("1 oportunidad reasignada.").wait_for()

    row.refresh_from_db()
    assert row.owner == world.colleague
    assert QuotaEntry.objects.filter(kind=QuotaKind.LIMIT).get().reason == "Cierre de mes"
    eye.go("/admin/opportunities/quotaentry/")
    page.get_by_text("Cierre de mes").first.wait_for()
    eye.check("over-quota-ledger")


@widths
def test_the_oldest_of_the_pool_are_given_to_somebody(look: OpenPage, world: World, width: int) -> None:
    rows = exits(world, 3)
    bulk.return_to_pool([row.pk for row in rows], by=world.supervisor, now=timezone.now(), reason="")
    eye = look(width, world.supervisor)
    page = eye.page
    eye.go(f"{LIST}pool/")
    page.get_by_label("Cuántas").fill("2")
    page.get_by_role("button", name="Elegir a quién").click()
    page.get_by_role("heading", name="Reasignar · 2 oportunidades").wait_for()
    page.get_by_label(str(world.colleague)).check()
    page.get_by_role("button", name="Reasignar (2)").click()
    page.get_by_text("2 oportunidades reasignadas.").wait_for()
    assert Opportunity.objects.filter(owner=world.colleague, state=S.ACTIVE).count() == 2


@widths
def test_several_share_what_the_pool_has_after_the_page_told_how(look: OpenPage, world: World, width: int) -> None:
    rows = exits(world, 7)
    bulk.return_to_pool([row.pk for row in rows], by=world.supervisor, now=timezone.now(), reason="")
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=3)
    eye = look(width, world.supervisor)
    page = eye.page
    eye.go(f"{LIST}pool/")
    page.get_by_label("Cuántas").fill("7")
    page.get_by_role("button", name="Elegir a quién").click()
    page.get_by_label(str(world.colleague)).check()
    page.get_by_label(str(world.promoter)).check()
    eye.check("share-among")
    page.get_by_role("button", name="Reasignar (7)").click()
    page.get_by_text("Todavía no se hizo nada").wait_for()
    eye.check("shared")

    page.get_by_role("button", name="Dejarlas afuera").first.click()
    page.get_by_text("Quedan afuera:").wait_for()
    eye.check("shared-without")
    page.get_by_role("button", name="Reasignar 2").click()
    page.get_by_text("2 oportunidades reasignadas.").wait_for()
    assert Opportunity.objects.filter(owner=world.colleague, state=S.ACTIVE).count() == 2
    assert Opportunity.objects.pool().count() == 5


@widths
def test_other_hours_are_rehearsed_before_they_are_kept(look: OpenPage, world: World, width: int) -> None:
    calendar = world.promoter.desk.calendar
    calendar.team = world.promoter.desk.team
    calendar.save()
    [row] = world.give(1)
    before = row.deadline
    eye = look(width, world.supervisor)
    page = eye.page
    eye.go(reverse("admin:calendars_operatingcalendar_change", args=[calendar.pk]))
    eye.check("hours-form")
    for field in page.locator("[name$=_closes]").all():
        if field.input_value():
            field.fill("00:30")
    page.locator("[name=_save]").first.click()
    page.get_by_text("Todavía no se guardó nada").wait_for()
    eye.check("hours-rehearsed")
    row.refresh_from_db()
    assert row.deadline == before

    page.get_by_role("button", name="Guardar y mover los plazos").click()
    page.get_by_text("plazo abierto").wait_for()
    row.refresh_from_db()
    assert before is not None
    assert row.deadline is not None
    assert row.deadline > before


def test_a_morning_by_keyboard_alone(look: OpenPage, world: World) -> None:
    first, second, third = exits(world, 3)
    eye = look(DESKTOP, world.supervisor)
    page, keys = eye.page, eye.page.keyboard
    beside = page.locator("#lm-beside")
    eye.go(INBOX)
    beside.get_by_role("heading", name=first.client.full_name).wait_for()
    eye.check("inbox-beside")

    keys.press("j")
    beside.get_by_role("heading", name=second.client.full_name).wait_for()
    keys.press("r")
    beside.get_by_role("button", name="Reasignar", exact=True).wait_for()
    eye.check("inbox-beside-reassign")
    beside.get_by_label(str(world.colleague)).focus()
    keys.press("Space")
    keys.press("Enter")
    page.get_by_text("1 oportunidad reasignada.").wait_for()
    second.refresh_from_db()
    assert (second.state, second.owner) == (S.ACTIVE, world.colleague)

    page.locator(".lm-recent").first.wait_for()
    keys.press("z")
    beside.get_by_role("button", name="Deshacer").wait_for()
    keys.press("Enter")
    page.get_by_text("1 oportunidad volvió a como estaba.").wait_for()
    second.refresh_from_db()
    assert (second.state, second.owner) == (S.EXIT, world.promoter)

    # The place in the list is kept: the second one is chosen still.
    beside.get_by_role("heading", name=second.client.full_name).wait_for()
    keys.press("p")
    beside.get_by_role("button", name="Devolver al pool").wait_for()
    keys.press("Enter")
    page.get_by_text("1 oportunidad devuelta al pool.").wait_for()
    assert Opportunity.objects.get(pk=second.pk).state == S.POOL
    assert set(Opportunity.objects.exclude(pk=second.pk).values_list("state", flat=True)) == {S.EXIT}

    page.locator("[data-keys-open]").wait_for()
    keys.press("?")
    page.get_by_role("heading", name="La bandeja con el teclado").wait_for()
    keys.press("Escape")
    keys.press("Control+k")
    page.get_by_role("combobox", name="Buscar en todo").wait_for()
    keys.type(third.client.full_name)
    page.get_by_role("option", name=third.client.full_name).first.wait_for()
    eye.check("search")
    keys.press("Enter")
    page.wait_for_url(f"**/opportunity/{third.pk}/change/")
