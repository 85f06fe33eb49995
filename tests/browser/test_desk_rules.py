"""The desk's rules in Chromium at both widths: quotas, absences, the funnel, hours, the radar, the directory."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from leadmaster.directory.models import SyncState
from opportunities.funnel import moves
from opportunities.models import Absence, DailyQuota, Opportunity
from opportunities.timers import extension
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.factories.directory import SuppressionFactory
from tests.opportunities.admin.rules import administrator
from tests.opportunities.web.conftest import World, world

__all__ = ["world"]

pytestmark = pytest.mark.browser
widths = pytest.mark.parametrize("width", [PHONE, DESKTOP])


@pytest.fixture
def busy(world: World) -> World:
    """Work in every stage, an extension, an exit that came too fast, somebody away, a client who asked for silence."""
    now = timezone.now()
    rows = world.give(6)
    boss = world.promoter.user
    moves.move(rows[0].pk, world.funnel.contacted, by=boss, version=1, now=now)
    moves.move(rows[1].pk, world.funnel.no_answer, by=boss, version=1, now=now, reason="Llamé y nada")
    extension.extend(rows[2].pk, by=boss, version=1, now=now)
    day = now.date()
    Absence.objects.create(
        promoter=world.colleague,
        starts_on=day,
        ends_on=day + dt.timedelta(days=3),
        created_by=world.supervisor,
        created_at=now,
    )
    SuppressionFactory.create(phone=rows[0].client.contacts.get().normalised)
    report = {
        "read": 20,
        "new": 9,
        "changed": 4,
        "gone": 2,
        "invalid_phones": 3,
        "examples": [["44", "35-15", "corto"]],
    }
    SyncState.objects.create(source="externo", report=report, started_at=now, finished_at=now)
    return world


@widths
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_rules_pages(look: OpenPage, busy: World, width: int, dark: bool) -> None:
    client = Opportunity.objects.order_by("pk")[0].client
    pages = {
        "promoters": "/admin/opportunities/promoter/",
        "promoter": reverse("admin:opportunities_promoter_change", args=[busy.promoter.pk]),
        "quota": reverse("admin:opportunities_promoter_quota", args=[busy.promoter.pk]),
        "quotas": "/admin/opportunities/dailyquota/",
        "quota-day": reverse("admin:opportunities_dailyquota_change", args=[DailyQuota.objects.first().pk]),  # type: ignore[union-attr]
        "ledger": "/admin/opportunities/quotaentry/",
        "absences": "/admin/opportunities/absence/",
        "absence-add": "/admin/opportunities/absence/add/",
        "radar": "/admin/opportunities/promoter/radar/",
        "radar-lines": reverse("admin:opportunities_promoter_radar_lines", args=[busy.promoter.pk, "rapidas"]),
        "desk-rules": reverse("admin:opportunities_desk_change", args=[busy.promoter.desk_id]),
        "funnel": "/admin/opportunities/stage/",
        "hours": "/admin/calendars/operatingcalendar/",
        "holidays": "/admin/calendars/holiday/",
        "clients": "/admin/directory/client/",
        "client": reverse("admin:directory_client_change", args=[client.pk]),
        "syncs": "/admin/directory/syncstate/",
        "sync": reverse("admin:directory_syncstate_change", args=[SyncState.objects.get().pk]),
    }
    eye = look(width, busy.supervisor, dark=dark)
    for name, path in pages.items():
        eye.go(path)
        eye.check(f"{name}-dark" if dark else name)


@widths
def test_a_stage_gets_another_clock_after_it_was_shown_whom_it_moves(look: OpenPage, busy: World, width: int) -> None:
    eye = look(width, administrator())
    stage = busy.funnel.new
    eye.go(reverse("admin:opportunities_stage_change", args=[stage.pk]))
    eye.check("stage")
    eye.page.locator("input[name=timer_minutes]").fill("90")
    eye.page.locator("[name=_save]").first.click()
    eye.page.get_by_text("Todavía no se guardó nada").wait_for()
    eye.check("rehearsal")
    eye.page.get_by_role("button", name="Guardar y mover los plazos").click()
    eye.page.get_by_text("plazos abiertos").wait_for()
    stage.refresh_from_db()
    assert stage.timer_minutes == 90


@widths
def test_an_absence_is_counted_before_it_is_written(look: OpenPage, busy: World, width: int) -> None:
    eye = look(width, busy.supervisor)
    eye.go(f"/admin/opportunities/absence/add/?promoter={busy.promoter.pk}")
    day = (timezone.now().date() + dt.timedelta(days=5)).isoformat()
    eye.page.locator("input[name=starts_on]").fill(day)
    eye.page.locator("input[name=ends_on]").fill(day)
    eye.page.get_by_role("button", name="Ver qué cambia").click()
    eye.page.get_by_text("Plazos que se detienen").wait_for()
    eye.check("absence-counted")
    assert Absence.objects.count() == 1
    eye.page.get_by_role("button", name="Cargar la ausencia").click()
    eye.page.get_by_text("Ausencia cargada").wait_for()
    assert Absence.objects.filter(promoter=busy.promoter).exists()
