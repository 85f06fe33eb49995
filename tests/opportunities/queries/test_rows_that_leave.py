"""A row that changes hands while a page is being read: whoever has it now, and their name, is nobody else's to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns.models import Reply
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from tests.company import signed_in
from tests.opportunities.api.world import World, build

_NEW_OWNER = "Zenobia Inalcanzable"
# More statements about opportunities than any of these pages makes.
_MOST = 40

Answer = tuple[int, str]


@pytest.fixture
def world(db: None) -> World:
    return build()


def _api(path: str) -> Callable[[World, str], Answer]:
    def ask(world: World, who: str) -> Answer:
        response = world.client(who).get(f"/api/v1/{path}")
        return response.status_code, response.content.decode()

    return ask


def _page(path: str) -> Callable[[World, str], Answer]:
    def ask(world: World, who: str) -> Answer:
        response = signed_in(getattr(world, who)).get(path)
        return response.status_code, response.content.decode()

    return ask


_DOORS = {
    "api list": ("owner", World.one, _api("opportunities/")),
    "api list of a supervisor": ("boss", World.one, _api("opportunities/")),
    "api list, filtered": ("boss", World.one, _api("opportunities/?state=activa")),
    "api inbox": ("boss", World.exit, _api("inbox/")),
    "api pool": ("boss", World.pooled, _api("pool/")),
    "admin list": ("boss", World.one, _page("/admin/opportunities/opportunity/")),
    "admin inbox": ("boss", World.exit, _page("/admin/opportunities/opportunity/inbox/")),
    "admin pool": ("boss", World.pooled, _page("/admin/opportunities/opportunity/pool/")),
    "admin home": ("boss", World.exit, _page("/admin/")),
    "promoter's list": ("owner", World.one, _page("/oportunidades/")),
    "promoter's day": ("owner", World.one, _page("/")),
}


@pytest.mark.parametrize("door", _DOORS)
def test_a_row_that_leaves_between_two_reads_does_not_show_whose_it_is_now(world: World, door: str) -> None:
    who, make, ask = _DOORS[door]
    row = make(world)
    outsider = world.outsider
    outsider.first_name, outsider.last_name = _NEW_OWNER.split()
    outsider.save()
    for phone in row.client.contacts.values_list("normalised", flat=True)[:1]:
        Reply.objects.create(session=world.line(), phone=phone, message_id="r1", text="Sí", at=timezone.now())
    told = 0
    for moment in range(1, _MOST):
        with transaction.atomic():
            departure = _Departure(row, to=world, after=moment)
            with connection.execute_wrapper(departure):
                status, text = ask(world, who)
            transaction.set_rollback(True)
        assert status == 200
        assert "Zenobia" not in text, f"after its statement {moment} about opportunities"
        told += _client_of(row) in text
        if not departure.gone:
            break
    else:
        pytest.fail("the page asks more about opportunities than this test follows")
    # Left alone it is there: the page that was looked at is the right one.
    assert told


def _client_of(row: Opportunity) -> str:
    return row.client.full_name


class _Departure:
    """Hands the row over to another team's promoter right after so many statements about opportunities."""

    def __init__(self, row: Opportunity, *, to: World, after: int) -> None:
        self._row, self._to, self._left = row, to.promoter("outsider"), after
        self._stage = to.funnel.new
        self.gone = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if "opportunities_opportunity`" in sql or 'opportunities_opportunity"' in sql:
            self._left -= 1
            if self._left == 0 and not self.gone:
                self.gone = True
                Opportunity.objects.filter(pk=self._row.pk).update(
                    owner=self._to, team=self._to.desk.team, stage=self._stage, state=OpportunityState.ACTIVE
                )
        return found
