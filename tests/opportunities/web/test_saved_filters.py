"""Filters under names of one's own: kept, used, called otherwise, forgotten, and honest about a stage that is gone."""

from __future__ import annotations

import re

import pytest
from django.test import Client as Browser
from django.utils import timezone

from opportunities import saved_filters
from opportunities.enums import OpportunityState
from opportunities.errors import WrongState
from opportunities.models import Opportunity, SavedFilter
from tests.company import told
from tests.opportunities.web.conftest import World

LIST = "/oportunidades/"


def chips(browser: Browser) -> list[tuple[str, str]]:
    page = browser.get(LIST).content.decode()
    return re.findall(r'<a class="own" href="\?([^"]*)".*?</svg>([^<]+)</a>', page)


def save(browser: Browser, name: str, **asked: object) -> list[str]:
    return told(browser.post(f"{LIST}filtros/", {"name": name, **asked}))


def test_what_the_list_shows_is_kept_under_a_name_and_used_again(
    world: World, browser: Browser, row: Opportunity
) -> None:
    stage = world.funnel.contacted.pk

    answer = browser.post(f"{LIST}filtros/", {"name": "  Las  de Ana ", "etapa": stage, "q": "ana"})

    assert answer.headers["Location"] == f"{LIST}?etapa={stage}&q=ana"
    kept = SavedFilter.objects.get()
    assert (kept.user, kept.name, kept.stage, kept.search, kept.listed_state) == (
        world.promoter.user,
        "Las de Ana",
        world.funnel.contacted,
        "ana",
        OpportunityState.ACTIVE,
    )
    assert chips(browser) == [(f"etapa={stage}&amp;q=ana", "Las de Ana")]
    assert chips(world.browser("colleague")) == []


def test_it_is_called_otherwise_and_forgotten_by_its_owner_alone(world: World, browser: Browser) -> None:
    save(browser, "Ganadas", estado="ganada")
    kept = SavedFilter.objects.get()
    colleague = world.browser("colleague")

    assert told(colleague.post(f"{LIST}filtros/{kept.pk}/renombrar/", {"name": "Mía"})) == ["Ese filtro ya no está."]
    colleague.post(f"{LIST}filtros/{kept.pk}/borrar/")
    assert chips(browser) == [("estado=ganada", "Ganadas")]

    browser.post(f"{LIST}filtros/{kept.pk}/renombrar/", {"name": "Vendidas"})
    assert chips(browser) == [("estado=ganada", "Vendidas")]
    browser.post(f"{LIST}filtros/{kept.pk}/borrar/")
    assert not SavedFilter.objects.exists()


def test_what_can_not_be_kept_is_said(world: World, browser: Browser) -> None:
    save(browser, "Ganadas", estado="ganada")

    assert "lista muestra todas" in save(browser, "Todas")[-1]
    assert "Ponle un nombre" in save(browser, "  ", q="ana")[-1]
    assert "Ya tienes un filtro" in save(browser, "GANADAS", q="ana")[-1]
    assert "muy largo" in save(browser, "n" * 41, q="ana")[-1]
    assert SavedFilter.objects.count() == 1


def test_there_are_a_few_at_the_most(world: World) -> None:
    user, now = world.promoter.user, timezone.now()

    def keep(name: str) -> SavedFilter:
        return saved_filters.save(user, name, state=OpportunityState.WON, stage=None, search="", now=now)

    for number in range(saved_filters.MOST):
        keep(f"Filtro {number}")
    with pytest.raises(WrongState, match="hasta 12"):
        keep("Uno más")


def test_one_whose_stage_is_gone_says_so_and_offers_to_be_forgotten(world: World, browser: Browser) -> None:
    save(browser, "Calientes", etapa=world.funnel.contacted.pk)
    world.funnel.contacted.active = False
    world.funnel.contacted.save()

    page = browser.get(LIST).content.decode()

    assert chips(browser) == []
    assert "“Calientes” era de la etapa “Contactada”, que ya no está en uso." in page
    assert f"/filtros/{SavedFilter.objects.get().pk}/borrar/" in page
