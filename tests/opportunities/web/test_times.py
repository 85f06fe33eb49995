"""Whose clock the desk's pages show: the desk's own, wherever the server stands, unless the person chose another."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.test import Client as Browser
from django.utils import timezone

from opportunities.models import Lot, Opportunity
from tests.opportunities.web.conftest import World


@pytest.fixture
def row(world: World) -> Opportunity:
    """Of a desk in Tijuana, that is open day and night; it expires within a day, so that the day's page tells it too."""
    row = world.give(1)[0]
    calendar = world.promoter.desk.calendar
    calendar.time_zone = "America/Tijuana"
    calendar.save()
    Opportunity.objects.filter(pk=row.pk).update(deadline=timezone.now() + dt.timedelta(hours=20))
    Lot.objects.update(created_at=dt.datetime(2026, 1, 5, 20, 30, tzinfo=dt.UTC))
    return row


def pages(row: Opportunity) -> list[str]:
    return ["/", "/oportunidades/", f"/oportunidades/{row.pk}/", f"/lotes/{row.lot_id}/"]


def expires(tz: dt.tzinfo) -> str:
    return f"{timezone.localtime(Opportunity.objects.get().deadline, tz):%H:%M}"


def test_the_desks_clock(world: World, row: Opportunity, browser: Browser) -> None:
    there = expires(world.promoter.desk.calendar.tz)

    for path in pages(row):
        assert there in browser.get(path).content.decode(), path
    assert "12:30" in browser.get(f"/lotes/{row.lot_id}/").content.decode()


def test_a_zone_that_somebody_chose_comes_first(world: World, row: Opportunity, browser: Browser) -> None:
    world.promoter.user.time_zone = "Asia/Tokyo"
    world.promoter.user.save()

    here = expires(zoneinfo.ZoneInfo("Asia/Tokyo"))

    for path in pages(row):
        assert here in browser.get(path).content.decode(), path
    assert "05:30" in browser.get(f"/lotes/{row.lot_id}/").content.decode()
