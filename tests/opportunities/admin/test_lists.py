"""What every list of the desk has in common: words for when it is empty, and a button per thing to do with the chosen."""

from __future__ import annotations

import pytest

from tests.opportunities.admin.deciding import INBOX, exits
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World

LIST = "/admin/opportunities/opportunity/"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (INBOX, "Nada espera tu decisión"),
        ("/admin/opportunities/lot/", "se abre un lote"),
        ("/admin/opportunities/bulkaction/", "el botón que la deshace"),
        ("/admin/opportunities/absence/", "Carga la ausencia antes de que empiece"),
        ("/admin/opportunities/quotaentry/", "El libro se abre con el primer pedido del día"),
        ("/admin/ops/alert/", "Ninguna alerta: todo anda bien."),
    ],
)
def test_an_empty_list_says_what_fills_it(world: World, path: str, words: str) -> None:
    page = browser(world, "supervisor").get(path).content.decode()

    assert words in page
    assert "Ver todo" not in page


def test_a_search_that_finds_nothing_says_so_and_leads_back(world: World) -> None:
    page = browser(world, "supervisor").get(f"{INBOX}?q=Nadie+Conocido").content.decode()

    assert "Ninguna fila coincide con “Nadie Conocido”." in page
    assert '<a class="lm-button lm-button-primary" href="?">Ver todo</a>' in page
    assert "Nada espera tu decisión" not in page


def test_filters_that_leave_nothing_say_so(world: World) -> None:
    page = browser(world, "supervisor").get(f"{LIST}?clock=overdue").content.decode()

    assert "Ninguna fila pasa por estos filtros." in page


def test_what_may_be_done_with_the_chosen_rows_is_a_button_each(world: World) -> None:
    exits(world, 1)

    page = browser(world, "supervisor").get(INBOX).content.decode()

    for verb in ("give_back_chosen", "reassign_chosen", "pool_chosen", "close_chosen"):
        assert f'name="action" value="{verb}"' in page, verb


def test_no_list_offers_to_count_every_choice_of_its_filters(world: World) -> None:
    exits(world, 1)

    assert "_facets" not in browser(world, "supervisor").get(LIST).content.decode()
