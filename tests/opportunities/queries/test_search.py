"""Who is found by a name, and how far the look goes."""

from __future__ import annotations

import pytest

from leadmaster.directory.models import Client
from opportunities.models import Opportunity
from opportunities.queries import search
from opportunities.queries.search import search_condition
from tests.opportunities.web.conftest import World


def name(row: Opportunity, first: str, last: str) -> Opportunity:
    Client.objects.filter(pk=row.client_id).update(name=first, last_names=last)
    return row


def found(text: str) -> set[int]:
    return set(Opportunity.objects.filter(search_condition(text)[0]).values_list("pk", flat=True))


def more(text: str) -> bool:
    return search_condition(text)[1]


def test_a_whole_name_is_found_in_either_order_however_many_share_its_first_word(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = world.give(4)
    name(rows[0], "María", "Alba")
    name(rows[1], "María", "Baños")
    meant_one = name(rows[2], "María José", "Zúñiga de la Paz")
    name(rows[3], "Zúñiga", "Abad")
    monkeypatch.setattr(search, "LOOKED", 1)

    for text in ("María José Zúñiga de", "María Zúñiga", "Zúñiga de María", "Zúñiga mar"):
        assert found(text) == {meant_one.pk}, text
        assert more(text), text


def test_other_words_are_looked_for_anywhere_among_the_first_namesakes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.give(2)
    name(first, "Ana", "Abad Ruiz")
    name(second, "Ana", "Zamora Ruiz")

    assert found("ana ruiz") == {first.pk, second.pk}
    assert not more("ana ruiz")

    monkeypatch.setattr(search, "LOOKED", 1)
    assert len(found("ana ruiz")) <= 1
    assert more("ana ruiz")


def test_more_people_than_are_listed_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for row in world.give(3):
        name(row, "Ana", "Ruiz")
    monkeypatch.setattr(search, "NAMESAKES", 2)

    assert len(found("ana")) == 2
    assert more("ana")
    assert not more("zoe")


def test_nothing_that_a_name_may_hold_is_a_pattern(world: World) -> None:
    [row] = world.give(1)
    name(row, "Ana", "Ruiz")

    for text in ("%", "_na", "Ana %", "Ana _uiz"):
        assert found(text) == set(), text
