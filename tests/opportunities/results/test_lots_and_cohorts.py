"""What became of the clients of a lot, and of those whom a campaign wrote to."""

from __future__ import annotations

import datetime as dt
import decimal
import zoneinfo

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from campaigns.enums import Ack, EnvioState
from opportunities.enums import ContactOutcome
from opportunities.funnel import moves
from opportunities.models import Lot
from opportunities.results.cohorts import Cohort, cohorts
from opportunities.results.lots import fate
from opportunities.supervision import decisions
from tests.company import signed_in
from tests.factories.campaigns import EnvioFactory
from tests.factories.opportunities import PromoterFactory
from tests.opportunities.results.world import DAY, MINUTE, MONDAY, World, build, call, draw, said, sell

pytestmark = pytest.mark.django_db(transaction=True)
UTC = zoneinfo.ZoneInfo("UTC")


@pytest.fixture
def world() -> World:
    return build()


def test_a_lots_clients_are_told_wherever_they_went(world: World) -> None:
    rows = draw(world.ana, 5, at=MONDAY)
    draw(world.ana, 2, at=MONDAY + DAY)
    call(rows[0], ContactOutcome.NO_ANSWER, at=MONDAY + MINUTE)
    sell(rows[0], world, "120", at=MONDAY + 2 * MINUTE)
    moves.move(rows[1].pk, world.funnel.pooled, by=world.ana.user, version=rows[1].version, now=MONDAY + MINUTE)
    moves.move(rows[2].pk, world.funnel.lost, by=world.ana.user, version=rows[2].version, now=MONDAY + MINUTE)
    other = PromoterFactory.create(desk=world.ana.desk)
    decisions.reassign(rows[3].pk, other, by=world.supervisor, version=rows[3].version, reason="x", now=MONDAY + MINUTE)
    lot = Lot.objects.get(created_at=MONDAY)
    found = fate(lot)
    assert (found.drawn, found.kept, found.others, found.pool, found.won, found.lost) == (5, 1, 1, 1, 1, 1)
    assert found.contacted == 1
    assert list(found.amounts.values()) == [decimal.Decimal("120.00")]
    client = APIClient()
    client.force_authenticate(world.supervisor)
    told = client.get(f"/api/v1/lots/{lot.pk}/fate/").json()
    assert {name: told[name] for name in ("drawn", "won", "others")} == {"drawn": 5, "won": 1, "others": 1}
    client.force_authenticate(world.beto.user)
    assert client.get(f"/api/v1/lots/{lot.pk}/fate/").status_code == 404


def test_people_count_in_the_week_in_which_they_were_written_to(world: World) -> None:
    [row] = draw(world.ana, 1, at=MONDAY + DAY)
    phone = row.client.contacts.get().normalised
    sell(row, world, "10", at=MONDAY + 9 * DAY)
    [earlier] = draw(world.ana, 1, at=MONDAY - 9 * DAY)
    for number, at, ack in (
        (phone, MONDAY, Ack.READ),
        ("+5493510000001", MONDAY + DAY, Ack.DELIVERED),
        (earlier.client.contacts.get().normalised, MONDAY + 7 * DAY, Ack.SERVER),
    ):
        EnvioFactory.create(
            campaign=world.campaign,
            session=world.campaign.session,
            phone=number,
            state=EnvioState.SENT,
            sent_at=at,
            ack=ack,
        )
    said(world.campaign, phone, at=MONDAY + 8 * DAY)
    said(world.campaign, "+5493510000001", at=MONDAY)
    assert cohorts(world.campaign, zone=UTC) == [
        Cohort(week=dt.date(2026, 3, 2), sent=2, delivered=2, read=1, replied=1, opportunities=1, sales=1),
        Cohort(week=dt.date(2026, 3, 9), sent=1),
    ]
    client = APIClient()
    client.force_authenticate(world.supervisor)
    told = client.get("/api/v1/results/cohorts/", {"campaign": world.campaign.pk}).json()
    assert [(one["week"], one["sent"], one["sales"]) for one in told] == [("2026-03-02", 2, 1), ("2026-03-09", 1, 0)]
    assert client.get("/api/v1/results/cohorts/", {"campaign": world.other.pk}).status_code == 400
    page = signed_in(world.supervisor).get(
        reverse("admin:opportunities_promoter_results"), {"campaign": world.campaign.pk}
    )
    assert len(page.context["cohorts"]) == 2
