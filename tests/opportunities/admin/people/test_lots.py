"""Lots: the proof of a draw, and where its rows are now."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from opportunities.funnel import moves
from opportunities.models import Lot, Opportunity
from opportunities.supervision import bulk
from tests.opportunities.admin.rules import OUTSIDE, ask, browser
from tests.opportunities.web.conftest import World

LIST = "/admin/opportunities/lot/"


def page(lot: Lot) -> str:
    return f"{LIST}{lot.pk}/change/"


def test_a_lot_tells_what_was_asked_seen_and_given_and_where_it_is_now(world: World) -> None:
    rows = world.give(3)
    moves.move(rows[0].pk, world.funnel.no_answer, by=world.promoter.user, version=1, now=timezone.now())
    bulk.return_to_pool([rows[1].pk], by=world.supervisor, now=timezone.now())
    lot = Lot.objects.get()
    Lot.objects.update(filters={"province": "Jalisco"}, seed=17, available_seen=4321)

    text = browser(world, "supervisor").get(page(lot)).content.decode()

    for words in (
        "provincia: Jalisco",
        "<dd>17</dd>",
        "<dd>4321</dd>",
        "Activa: 1",
        "En la bandeja: 1",
        "En el pool: 1",
    ):
        assert words in text, words
    assert all(str(row.client) in text for row in rows)
    listed = browser(world, "supervisor").get(LIST).content.decode()
    assert "Activa 1 · En la bandeja 1 · En el pool 1" in listed


def test_the_lot_of_what_was_reassigned_says_so(world: World) -> None:
    bulk.reassign([row.pk for row in world.give(2)], world.colleague, by=world.supervisor, now=timezone.now())
    lot = Lot.objects.get(promoter=world.colleague)

    assert "Lo que se le reasignó ese día" in browser(world, "supervisor").get(page(lot)).content.decode()
    former = Lot.objects.get(promoter=world.promoter)
    assert "pasó a otros" in browser(world, "supervisor").get(page(former)).content.decode()


def test_lots_of_other_teams_do_not_exist(world: World) -> None:
    world.give(1)
    lot = Lot.objects.get()

    for who in OUTSIDE:
        assert ask(world, who, LIST) == 403, who
        assert ask(world, who, page(lot)) == 403, who
    assert page(lot) not in browser(world, "foreign_supervisor").get(LIST).content.decode()
    assert ask(world, "foreign_supervisor", page(lot)) == 404
    assert ask(world, "administrator", page(lot)) == 200


def test_what_went_to_another_team_is_counted_in_its_lot_and_not_shown(world: World) -> None:
    kept, gone = world.give(2)
    Opportunity.objects.filter(pk=gone.pk).update(owner=world.stranger, team=world.stranger.desk.team)

    text = browser(world, "supervisor").get(page(Lot.objects.get())).content.decode()

    assert "Activa: 2" in text
    assert str(kept.client) in text
    assert str(gone.client) not in text
    assert f"/admin/opportunities/opportunity/{gone.pk}/" not in text
    assert str(gone.client) in browser(world, "administrator").get(page(Lot.objects.get())).content.decode()


def test_a_lot_is_a_log(world: World) -> None:
    world.give(1)
    lot = Lot.objects.get()

    assert ask(world, "administrator", f"{LIST}add/") == 403
    assert ask(world, "administrator", page(lot), "post", {"granted": 99}) == 403
    assert ask(world, "administrator", f"{LIST}{lot.pk}/delete/", "post", {"post": "yes"}) == 403
    lot.refresh_from_db()
    assert lot.granted == 1


def test_they_are_found_by_number_and_promoter(world: World) -> None:
    world.give(1)
    lot = Lot.objects.get()
    supervisor = browser(world, "supervisor")

    for query, found in (
        (f"?q=%23{lot.pk}", True),
        ("?q=999999", False),
        ("?q=x", False),
        (f"?owner={world.promoter.pk}", True),
        (f"?owner={world.colleague.pk}", False),
    ):
        assert (page(lot) in supervisor.get(f"{LIST}{query}").content.decode()) is found, query


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(
    world: World, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        world.give(2)
    supervisor = browser(world, "supervisor")

    with django_assert_num_queries(14):
        supervisor.get(LIST)
