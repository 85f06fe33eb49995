"""Whose clock the desk's pages show: the desk's own, wherever the server stands, unless the person chose another."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client as Browser
from django.utils import timezone

from opportunities.models import Lot, Opportunity
from tests.opportunities.web.conftest import World


@pytest.fixture
def row(world: World) -> Opportunity:
    """Of a desk in Tijuana; it expires the day after tomorrow, at 20:30 UTC."""
    row = world.give(1)[0]
    calendar = world.promoter.desk.calendar
    calendar.time_zone = "America/Tijuana"
    calendar.save()
    day = timezone.now().date() + dt.timedelta(days=2)
    Opportunity.objects.filter(pk=row.pk).update(deadline=dt.datetime.combine(day, dt.time(20, 30), tzinfo=dt.UTC))
    Lot.objects.update(created_at=dt.datetime(2026, 1, 5, 20, 30, tzinfo=dt.UTC))
    return row


def pages(row: Opportunity) -> list[str]:
    return ["/", "/oportunidades/", f"/oportunidades/{row.pk}/", f"/lotes/{row.lot_id}/"]


def test_the_desks_clock(world: World, row: Opportunity, browser: Browser) -> None:
    local = timezone.localtime(Opportunity.objects.get().deadline, world.promoter.desk.calendar.tz)

    for path in pages(row):
        assert f"{local:%H:%M}" in browser.get(path).content.decode(), path
    assert "12:30" in browser.get(f"/lotes/{row.lot_id}/").content.decode()


def test_a_zone_that_somebody_chose_comes_first(world: World, row: Opportunity, browser: Browser) -> None:
    world.promoter.user.time_zone = "Asia/Tokyo"
    world.promoter.user.save()

    for path in pages(row):
        assert "05:30" in browser.get(path).content.decode(), path
