"""Ctrl+K: what each person finds, by what they type, and that it never costs more for more rows."""

from __future__ import annotations

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from leadmaster.directory.models import ContactPoint
from tests.factories.campaigns import CampaignFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World, world

__all__ = ["world"]

SEARCH = "/admin/search/"


def titles(world: World, who: str, text: str) -> list[str]:
    return [hit.title for hit in browser(world, who).get(SEARCH, {"s": text}).context["hits"]]


@pytest.mark.parametrize(
    ("text", "title", "page"),
    [
        ("bandeja", "Bandeja", "opportunities_opportunity_inbox"),
        ("numeros excl", "Números excluidos", "directory_suppression_changelist"),
        ("ausencia cargar", "Cargar una ausencia", "opportunities_absence_add"),
        ("encender", "Apagar o encender los envíos", "campaigns_senderswitch_changelist"),
    ],
)
def test_pages_and_verbs_by_any_of_their_words(world: World, text: str, title: str, page: str) -> None:
    [hit] = browser(world, "supervisor").get(SEARCH, {"s": text}).context["hits"]

    assert (hit.title, hit.url) == (title, reverse(f"admin:{page}"))


def test_a_promoter_is_found_by_name_without_its_accents(world: World) -> None:
    user = world.promoter.user
    user.first_name, user.last_name = "Bernardo", "Núñez"
    user.save()

    assert titles(world, "supervisor", "bernardo nunez") == ["Bernardo Núñez"]
    assert titles(world, "foreign_supervisor", "bernardo") == []


def test_a_client_and_their_opportunity_by_a_phone_however_it_is_typed(world: World) -> None:
    [row] = world.give(1)
    point = ContactPoint.objects.filter(client=row.client, is_valid=True).first()
    assert point is not None
    digits = point.normalised.removeprefix("+")

    for typed in (point.normalised, digits, f"+{digits[:2]} {digits[2:5]} {digits[5:8]}-{digits[8:]}"):
        assert titles(world, "supervisor", typed) == [row.client.full_name] * 2, typed
    # The client is in the directory for every supervisor; the work on them is the team's.
    assert titles(world, "foreign_supervisor", point.normalised) == [row.client.full_name]
    assert titles(world, "supervisor", f"#{row.pk}") == [row.client.full_name]
    assert titles(world, "foreign_supervisor", f"#{row.pk}") == []


def test_campaigns_and_lines_of_ones_own_teams(world: World) -> None:
    team = world.promoter.desk.team
    line = WhatsAppSessionFactory(team=team, name="Ventas Córdoba")
    CampaignFactory(team=team, session=line, name="Córdoba en marzo")

    assert titles(world, "supervisor", "cordoba") == ["Córdoba en marzo", "Ventas Córdoba"]
    assert titles(world, "foreign_supervisor", "cordoba") == []


def test_one_letter_and_nothing_find_nothing_and_say_what_to_do(world: World) -> None:
    for text in ("", "b"):
        page = browser(world, "supervisor").get(SEARCH, {"s": text})
        assert page.context["hits"] == []
        assert "Escribe dos letras" in page.content.decode()
    nothing = browser(world, "supervisor").get(SEARCH, {"s": "zzzz"}).content.decode()
    assert "Nada coincide con “zzzz”" in nothing


def test_the_header_has_its_button_on_every_page(world: World) -> None:
    for page in ("/admin/", "/admin/opportunities/opportunity/inbox/", "/admin/whatsapp/whatsappsession/"):
        shown = browser(world, "supervisor").get(page).content.decode()
        assert "data-open-search" in shown
        assert 'id="lm-search"' in shown


@pytest.mark.parametrize("rows", [1, 5])
def test_it_costs_the_same_for_one_and_for_five(
    world: World, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    team = world.promoter.desk.team
    for number in range(rows):
        CampaignFactory(team=team, session__team=team, name=f"Córdoba {number}")
    supervisor = browser(world, "supervisor")

    with django_assert_num_queries(13):
        supervisor.get(SEARCH, {"s": "cordoba"})
