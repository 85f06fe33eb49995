"""The desk's story: ask, work, exit, decide, sell, expire."""

from __future__ import annotations

import datetime as dt

import pytest

from leadmaster.accounts.roles import Role
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from opportunities.assignment import capture, facets
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import OpportunityState
from opportunities.errors import AlreadySold, NotAllowed, Stale, Taken
from opportunities.funnel import moves
from opportunities.models import BulkAction, DailyQuota, Opportunity, QuotaEntry, Sale
from opportunities.queries import radar
from opportunities.supervision import bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import expiry
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


def test_from_the_request_to_the_sale() -> None:
    funnel, promoter = Funnel(), PromoterFactory()
    ClientFactory.create_batch(30)

    granted = request_lot(promoter, Filters(province="Jalisco"), 15, key="uno", now=NOW)
    assert (granted.granted, granted.quota_left) == (15, 5)
    assert request_lot(promoter, Filters(province="Jalisco"), 15, key="uno", now=NOW) == granted
    assert request_lot(promoter, Filters(), 15, key="dos", now=NOW).granted == 5
    assert request_lot(promoter, Filters(), 1, key="tres", now=NOW).lot_id is None
    assert Opportunity.objects.active().count() == 20
    assert DailyQuota.objects.get().used == 20
    assert sum(QuotaEntry.objects.values_list("amount", flat=True)) == 20

    row = Opportunity.objects.active().order_by("id").first()
    assert row is not None
    assert row.deadline == NOW + dt.timedelta(minutes=60)
    moves.move(row.pk, funnel.contacted, by=promoter.user, version=1, now=NOW)
    with pytest.raises(Stale):
        moves.move(row.pk, funnel.sold, by=promoter.user, version=1, now=NOW, data={"amount": "10"})
    sold = moves.move(row.pk, funnel.sold, by=promoter.user, version=2, now=NOW, data={"amount": "10"})
    assert sold.state == OpportunityState.WON
    moves.move(row.pk, funnel.sold, by=promoter.user, version=2, now=NOW, data={"amount": "10.00"})
    with pytest.raises(AlreadySold):
        moves.move(row.pk, funnel.sold, by=promoter.user, version=2, now=NOW, data={"amount": "11"})
    assert Sale.objects.count() == 1
    assert Client.objects.get(pk=row.client_id).availability == Availability.CLOSED
    assert [event.kind for event in row.events.all()] == ["asignada", "etapa", "venta"]


def test_exit_decide_expire_and_draw_again() -> None:
    funnel, promoter = Funnel(), PromoterFactory()
    other = PromoterFactory(desk=promoter.desk)
    supervisor = UserFactory(role=Role.SUPERVISOR)
    promoter.desk.team.supervisors.add(supervisor)
    ClientFactory.create_batch(4)
    request_lot(promoter, Filters(), 4, key="uno", now=NOW)
    first, second, _third, _fourth = Opportunity.objects.order_by("id")

    moves.move(first.pk, funnel.no_answer, by=promoter.user, version=1, now=NOW, reason="No contesta")
    assert list(Opportunity.objects.visible_to(supervisor).inbox()) == [first]
    with pytest.raises(NotAllowed):
        decisions.reassign(first.pk, other, by=promoter.user, now=NOW)
    moved = decisions.reassign(first.pk, other, by=supervisor, now=NOW)
    assert (moved.owner, moved.state) == (other, OpportunityState.ACTIVE)

    moves.move(second.pk, funnel.pooled, by=promoter.user, version=1, now=NOW)
    later = NOW + dt.timedelta(minutes=61)
    assert Opportunity.objects.overdue(later).count() == 3
    assert expiry.expire_timers(later).expired == 3
    assert Opportunity.objects.pool().count() == 4

    # Resting clients are not offered to the one who lost them.
    assert request_lot(promoter, Filters(), 4, key="dos", now=later).lot_id is None
    assert request_lot(other, Filters(), 4, key="uno", now=later).granted == 3
    assert Opportunity.objects.count() == 4


def test_bulk_and_its_undo() -> None:
    Funnel()
    promoter = PromoterFactory()
    other = PromoterFactory(desk=promoter.desk, daily_quota=2)
    supervisor = UserFactory(role=Role.SUPERVISOR)
    promoter.desk.team.supervisors.add(supervisor)
    ClientFactory.create_batch(3)
    request_lot(promoter, Filters(), 3, key="uno", now=NOW)
    ids = list(Opportunity.objects.values_list("id", flat=True))
    before = list(Opportunity.objects.order_by("id").values("owner", "stage", "state", "lot", "deadline"))

    report = bulk.reassign(ids, other, by=supervisor, now=NOW)
    assert (len(report.done), len(report.refused)) == (2, 1)
    assert DailyQuota.objects.get(promoter=other).used == 2

    undone = undo(BulkAction.objects.get(), by=supervisor, now=NOW)
    assert len(undone.done) == 2
    assert list(Opportunity.objects.order_by("id").values("owner", "stage", "state", "lot", "deadline")) == before
    assert DailyQuota.objects.get(promoter=other).used == 0


def test_capture_and_facets() -> None:
    Funnel()
    promoter = PromoterFactory()
    ClientFactory.create_batch(3, province="Puebla", city="Puebla")
    known = ClientFactory(phone="+5493515550000")

    person = capture.NewClient(name="Ana", phones=["351 15 555 0000"], region="AR")
    row = capture.capture(promoter, person, key="k", now=NOW)
    assert row.client == known
    assert capture.capture(promoter, person, key="k", now=NOW) == row
    with pytest.raises(Taken):
        capture.capture(PromoterFactory(), person, key="k", now=NOW)
    fresh = capture.capture(
        promoter, capture.NewClient(name="Eva", phones=["351 15 555 0001"], email="Eva@x.com"), key="k2", now=NOW
    )
    assert fresh.client.contacts.count() == 2

    options = facets.options(promoter, Filters(), "province", now=NOW)
    assert [(option.value, option.count) for option in options] == [("Puebla", 3)]
    figures = radar.radar([promoter.desk.team_id], since=NOW - dt.timedelta(days=1))
    assert [(one.promoter_id, one.captured) for one in figures] == [(promoter.pk, 2)]
