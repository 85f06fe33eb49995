"""The radar on the desk: charts by promoter, and what is behind each bar, for their supervisors alone."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from opportunities.funnel import moves
from opportunities.models import Opportunity
from opportunities.queries.radar import Figure
from tests.company import signed_in
from tests.opportunities.admin.rules import OUTSIDE, ask
from tests.opportunities.web.conftest import World, row, world

__all__ = ["row", "world"]

pytestmark = pytest.mark.django_db(transaction=True)

RADAR = "/admin/opportunities/promoter/radar/"


def lines(world: World, figure: str = Figure.FAST.value) -> str:
    return reverse("admin:opportunities_promoter_radar_lines", args=[world.promoter.pk, figure])


@pytest.fixture
def fast(world: World, row: Opportunity) -> Opportunity:
    return moves.move(
        row.pk,
        world.funnel.no_answer,
        by=world.promoter.user,
        version=1,
        now=timezone.now(),
        reason="Llamé y nada",
    )


def test_a_bar_leads_to_what_is_behind_it(world: World, fast: Opportunity) -> None:
    browser = signed_in(world.supervisor)
    page = browser.get(RADAR).content.decode()
    assert f'href="{lines(world)}?days=7"' in page
    assert "1 de 1" in page
    behind = browser.get(lines(world)).content.decode()
    assert fast.client.full_name in behind
    assert "Llamé y nada" in behind
    assert reverse("admin:opportunities_opportunity_change", args=[fast.pk]) in behind


def test_a_radar_without_anything_says_so(world: World) -> None:
    page = signed_in(world.supervisor).get(f"{RADAR}?days=nada").content.decode()
    assert page.count("Nada en este período.") == 3
    assert 'aria-current="page">7 días' in page


def test_a_figure_that_does_not_exist_is_not_found(world: World) -> None:
    assert ask(world, "supervisor", lines(world, "otra")) == 404


@pytest.mark.parametrize("who", ["foreign_supervisor"])
def test_another_teams_supervisor_sees_nothing_of_it(world: World, fast: Opportunity, who: str) -> None:
    page = world.browser(who).get(RADAR).content.decode()
    assert str(world.promoter) not in page
    assert ask(world, who, lines(world)) == 404


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_promoters_and_outsiders_come_to_no_radar(world: World, fast: Opportunity, who: str, method: str) -> None:
    assert ask(world, who, RADAR, method) == 403
    assert ask(world, who, lines(world), method) == 403
