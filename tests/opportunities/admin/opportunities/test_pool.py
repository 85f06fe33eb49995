"""The pool: how much, how old, of what, for how long; and giving from it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from leadmaster.directory.models import Client
from opportunities.enums import OpportunityState
from opportunities.models import CoolDown, DailyQuota, Opportunity
from opportunities.queries import pool_figures
from opportunities.supervision import bulk
from tests.company import told
from tests.opportunities.admin.rules import OUTSIDE, ask, browser
from tests.opportunities.web.conftest import World

POOL = "/admin/opportunities/opportunity/pool/"
DRAW = f"{POOL}draw/"
FIGURES = f"{POOL}figures/"
S = OpportunityState


def pooled(world: World, *days: float) -> list[Opportunity]:
    """One of the team's for each age in days, without cool-downs; nothing of the day's quota is used."""
    rows = world.give(len(days))
    now = timezone.now()
    bulk.return_to_pool([row.pk for row in rows], by=world.supervisor, now=now)
    for row, age in zip(rows, days, strict=True):
        since = now - dt.timedelta(days=age, minutes=1)
        Opportunity.objects.filter(pk=row.pk).update(state_since=since)
    CoolDown.objects.all().delete()
    DailyQuota.objects.all().delete()
    return rows


def of(world: World, rows: list[Opportunity], **facets: str) -> None:
    Client.objects.filter(opportunities__in=rows).update(**facets)


# --- Figures ----------------------------------------------------------------------------------------------------------


def test_another_teams_pool_is_not_in_ones_figures(world: World) -> None:
    pooled(world, 0, 0)

    page = browser(world, "foreign_supervisor").get(FIGURES).content.decode()
    assert "El pool está vacío" in page


def test_what_was_not_counted_to_the_end_is_shown_as_such(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_figures, "COUNTED", 1)
    pooled(world, 0, 0)

    page = browser(world, "supervisor").get(FIGURES).content.decode()
    home = browser(world, "supervisor").get("/admin/").content.decode()

    assert "<b>1+</b>" in page
    assert "por partes iguales entre los equipos" in page
    assert "Pool: 1+, libres: " in home


# --- The page ---------------------------------------------------------------------------------------------------------


def test_it_is_not_for_promoters_nor_for_the_door(world: World) -> None:
    for who in OUTSIDE:
        assert ask(world, who, POOL) == 403, who
        assert ask(world, who, FIGURES) == 403, who
        assert ask(world, who, f"{DRAW}?number=1") == 403, who


@pytest.mark.parametrize("facet", ["province", "agreement", "client_type", "nonsense"])
def test_it_is_shown_by_any_facet_and_a_bar_narrows_the_list(world: World, facet: str) -> None:
    one, other = pooled(world, 0, 0)
    of(world, [one], province="Colima", agreement="Salud", client_type="jubilado")
    supervisor = browser(world, "supervisor")

    page = supervisor.get(f"{POOL}?facet={facet}").content.decode()
    charts = supervisor.get(f"{FIGURES}?facet={facet}").content.decode()

    assert str(one.client) in page
    assert str(other.client) in page
    assert f"{FIGURES}?facet={facet}" in page
    value = {"agreement": "agreement=Salud", "client_type": "client_type=jubilado"}.get(facet, "province=Colima")
    assert value in charts
    narrowed = supervisor.get(f"{POOL}?{value}").content.decode().partition('id="result_list"')[2]
    assert str(one.client) in narrowed
    assert str(other.client) not in narrowed


def test_giving_the_oldest_keeps_what_the_page_was_narrowed_to(world: World) -> None:
    pooled(world, 0)

    charts = browser(world, "supervisor").get(f"{FIGURES}?province=Jalisco").content.decode()

    assert '<input type="hidden" name="province" value="Jalisco">' in charts
    assert f'name="back" value="{POOL}?province=Jalisco"' in charts


@pytest.mark.parametrize("number", [1, 6])
def test_it_costs_the_same_for_one_and_for_six(
    world: World, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    pooled(world, *[0] * number)
    supervisor = browser(world, "supervisor")

    with django_assert_num_queries(17):
        supervisor.get(POOL)
    with django_assert_num_queries(15):
        supervisor.get(FIGURES)


def test_the_oldest_are_frozen_and_given_to_whom_is_chosen(world: World) -> None:
    rows = pooled(world, 0, 0, 6, 5)
    young, old = rows[:2], rows[2:]
    supervisor = browser(world, "supervisor")

    asked = supervisor.get(f"{DRAW}?number=2&back={POOL}")
    location = asked.headers["Location"]
    page = supervisor.get(location).content.decode()
    for row in old:
        row.refresh_from_db()
    ids = f"{old[0].pk}:{old[0].version},{old[1].pk}:{old[1].version}"
    answer = supervisor.post(location, {"ids": ids, "receiver": world.colleague.pk, "reason": ""})

    assert f'name="ids" value="{ids}"' in page
    assert answer.headers["Location"] == POOL
    assert told(answer) == ["2 oportunidades reasignadas."]
    assert set(Opportunity.objects.filter(owner=world.colleague)) == set(old)
    assert set(Opportunity.objects.filter(state=S.POOL)) == set(young)
    assert DailyQuota.objects.get(promoter=world.colleague).used == 2


def test_what_is_given_is_what_the_page_shows(world: World) -> None:
    one, other = pooled(world, 5, 5)
    of(world, [other], province="Colima")

    location = browser(world, "supervisor").get(f"{DRAW}?number=5&province=Colima").headers["Location"]

    other.refresh_from_db()
    assert f"ids={other.pk}%3A{other.version}&" in location
    assert f"{one.pk}%3A" not in location.partition("ids=")[2].partition("&")[0]


@pytest.mark.parametrize("query", ["number=0", "number=201", "number=x", ""])
def test_a_number_that_makes_no_sense_is_told(world: World, query: str) -> None:
    pooled(world, 0)

    answer = browser(world, "supervisor").get(f"{DRAW}?{query}")

    assert answer.headers["Location"] == POOL
    assert told(answer) == ["Escribe cuántas, entre 1 y 200."]


def test_nothing_is_given_from_another_teams_pool(world: World) -> None:
    pooled(world, 0)

    answer = browser(world, "foreign_supervisor").get(f"{DRAW}?number=1&team={world.promoter.desk.team_id}")

    assert told(answer) == ["No hay nada en el pool con esos filtros."]
