"""A sale that was written down wrongly: who may put it right, what stays in the history, and what the figures say."""

from __future__ import annotations

import decimal
import re
from typing import Any

import pytest
from django.utils import timezone

from leadmaster.directory.enums import Availability
from opportunities.enums import EventKind, OpportunityState
from opportunities.errors import Incomplete, NotAllowed, Refused, Stale, WrongState
from opportunities.funnel import moves
from opportunities.models import Opportunity, Sale
from opportunities.supervision import decisions, sale_corrections
from tests.company import told
from tests.faults.desk_checker import findings
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sold(world: World) -> Opportunity:
    return moves.move(
        world.give(1)[0].pk,
        world.funnel.sold,
        by=world.promoter.user,
        version=1,
        now=timezone.now(),
        data={"amount": "125.00", "product": "Plan"},
    )


def correct(row: Opportunity, world: World, **data: Any) -> Sale:
    asked: dict[str, Any] = {
        "by": world.supervisor,
        "version": row.version,
        "reason": "Un cero de menos",
        "now": timezone.now(),
    }
    asked |= {name: data.pop(name) for name in ("by", "version", "reason") if name in data}
    return sale_corrections.correct(row.pk, data, **asked)


def test_a_corrected_sale_says_what_it_said_before(world: World, sold: Opportunity) -> None:
    before = Sale.objects.get()

    correct(sold, world, amount="1250.00")

    sale = Sale.objects.get()
    assert (int(sale.amount), sale.product, sale.promoter, sale.at) == (1250, "Plan", before.promoter, before.at)
    line = sold.events.latest("id")
    assert (line.kind, line.by, line.reason) == (EventKind.CORRECTED, world.supervisor, "Un cero de menos")
    assert (line.data["before"]["amount"], line.data["after"]["amount"]) == ("125.00", "1250.00")
    assert findings() == []


def test_an_annulled_sale_waits_in_the_inbox_and_can_be_sold_again(world: World, sold: Opportunity) -> None:
    row = sale_corrections.annul(
        sold.pk, by=world.supervisor, version=sold.version, reason="Se arrepintió", now=timezone.now()
    )

    assert (row.state, row.owner, row.exit_reason) == (OpportunityState.EXIT, world.promoter, "Se arrepintió")
    assert not Sale.objects.exists()
    row.client.refresh_from_db()
    assert row.client.availability == Availability.TAKEN
    line = row.events.latest("id")
    assert (line.kind, line.data["amount"], line.data["promoter"]) == (EventKind.ANNULLED, "125.00", world.promoter.pk)
    assert row.events.filter(kind=EventKind.SOLD).count() == 1
    assert findings() == []

    back = decisions.give_back(row.pk, by=world.supervisor, now=timezone.now())
    moves.move(
        back.pk,
        world.funnel.sold,
        by=world.promoter.user,
        version=back.version,
        now=timezone.now(),
        data={"amount": "9"},
    )
    assert Sale.objects.get().amount == decimal.Decimal(9)
    assert findings() == []


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        ({"reason": " "}, Incomplete),
        ({"amount": "nada"}, Incomplete),
        ({"amount": "-1"}, Incomplete),
        ({"amount": "125"}, Incomplete),
        ({"version": 1}, Stale),
    ],
)
def test_what_is_no_correction_is_refused(
    world: World, sold: Opportunity, data: dict[str, Any], refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        correct(sold, world, **{"amount": "7", **data})

    assert Sale.objects.get().amount == 125
    assert sold.events.filter(kind=EventKind.CORRECTED).count() == 0


def test_promoters_and_other_teams_correct_nothing(world: World, sold: Opportunity) -> None:
    for user in (world.promoter.user, world.foreign_supervisor):
        with pytest.raises(NotAllowed):
            correct(sold, world, by=user, amount="7")
        with pytest.raises(NotAllowed):
            sale_corrections.annul(sold.pk, by=user, version=sold.version, reason="x", now=timezone.now())
    assert Sale.objects.get().amount == 125


def test_what_was_not_sold_has_nothing_to_annul(world: World) -> None:
    row = world.give(1)[0]
    with pytest.raises(WrongState):
        sale_corrections.annul(row.pk, by=world.supervisor, version=1, reason="x", now=timezone.now())


def test_the_page_of_a_sale_offers_both_and_each_asks_first(world: World, sold: Opportunity) -> None:
    supervisor = browser(world, "supervisor")
    page = f"/admin/opportunities/opportunity/{sold.pk}/"
    text = supervisor.get(f"{page}change/").content.decode()
    assert f"{page}correct-sale/" in text
    assert f"{page}annul-sale/" in text

    asks = supervisor.get(f"{page}correct-sale/").content.decode()
    assert re.search(r'name="amount"[^>]*value="125.00"|value="125.00"[^>]*name="amount"', asks)
    assert Sale.objects.get().amount == 125
    form = {"amount": "200.00", "product": "Plan", "reference": "", "reason": "Mal", "version": sold.version}
    answer = supervisor.post(f"{page}correct-sale/", form)
    assert told(answer) == ["Venta corregida. Lo que decía antes queda en la historia."]
    assert Sale.objects.get().amount == 200

    # The other page was opened before: it decides about a sale that is another one now.
    supervisor.post(f"{page}annul-sale/", {"reason": "No fue", "version": sold.version})
    assert Sale.objects.get().amount == 200
    supervisor.post(f"{page}annul-sale/", {"reason": "No fue", "version": sold.version + 1})
    assert not Sale.objects.exists()
    for who in ("promoter", "foreign_supervisor"):
        assert browser(world, who).get(f"{page}correct-sale/").status_code in {302, 403, 404}, who
