"""Two supervisors at one inbox: the second one's button decides about what its page showed, or says what happened."""

from __future__ import annotations

import html
import re

import pytest

from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from tests.company import told
from tests.opportunities.admin.deciding import INBOX, address, decide, exits
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db(transaction=True)

VERBS = {"close": {"reason": "No le interesa"}, "pool": {}, "give-back": {}}


def opened(world: World, who: str, verb: str, ids: str) -> str:
    """What the page of this verb froze."""
    page = browser(world, who).get(f"/admin/opportunities/opportunity/decide/{verb}/?ids={ids}&back={INBOX}")
    found = re.search(r'name="ids" value="([^"]*)"', page.content.decode())
    assert found is not None
    return found[1]


@pytest.mark.parametrize("verb", VERBS)
def test_the_second_supervisor_is_told_and_overwrites_nothing(world: World, verb: str) -> None:
    row, other = exits(world, 2)
    ids = opened(world, "administrator", verb, f"{row.pk},{other.pk}")
    assert ids == f"{row.pk}:{row.version},{other.pk}:{other.version}"
    decide(world, "supervisor", "give-back", [row])

    answer = browser(world, "administrator").post(
        address(verb, [row, other], back=INBOX), {"ids": ids, "reason": "", **VERBS[verb]}
    )

    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.state, row.version) == (OpportunityState.ACTIVE, 3)
    assert other.state != OpportunityState.EXIT
    assert (
        f"La oportunidad #{row.pk} cambió mientras la mirabas (devuelta a su promotor, {world.supervisor})"
        in " ".join(told(answer))
    )


def test_one_row_alone_that_changed_is_refused_whole(world: World) -> None:
    [row] = exits(world, 1)
    decide(world, "supervisor", "give-back", [row])

    decide(world, "administrator", "close", [row], reason="No le interesa")

    assert Opportunity.objects.get(pk=row.pk).state == OpportunityState.ACTIVE


def test_a_button_that_sends_no_version_decides_nothing(world: World) -> None:
    [row] = exits(world, 1)

    browser(world, "supervisor").post(address("pool", [row], back=INBOX), {"ids": str(row.pk), "reason": ""})

    assert Opportunity.objects.get(pk=row.pk).state == OpportunityState.EXIT


def test_every_way_to_a_decision_carries_the_version(world: World) -> None:
    [row] = exits(world, 1)
    one = f"ids={row.pk}%3A{row.version}"
    supervisor = browser(world, "supervisor")
    for path in (INBOX, f"/admin/opportunities/opportunity/{row.pk}/change/"):
        text = supervisor.get(path).content.decode()
        links = re.findall(r'href="[^"]*/decide/[^"]*ids=[^"]*"', text)
        assert links, path
        assert all(one in link for link in links), path
    beside = re.search(
        r'href="(/admin/opportunities/opportunity/inbox/[^"]*)"', supervisor.get("/admin/").content.decode()
    )
    assert beside
    assert one in supervisor.get(html.unescape(beside[1])).content.decode()
    action = {"action": "close_chosen", "_selected_action": [row.pk]}
    assert one in supervisor.post(INBOX, action).headers["Location"]
