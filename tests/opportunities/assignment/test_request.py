"""A request for clients: how many it gives, in which order, at what cost."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadmaster.directory.models import Client, Suppression
from opportunities.assignment import facets
from opportunities.assignment.filters import Filters
from opportunities.models import Lot, Opportunity
from opportunities.supervision import decisions
from tests.factories.opportunities import ClientFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, ask

pytestmark = pytest.mark.django_db


def test_a_request_stops_at_the_most_that_a_promoter_works_at_once(people: People) -> None:
    ClientFactory.create_batch(10)
    people.owner.capacity = 3
    assert ask(people.owner, 5).granted == 3
    full = ask(people.owner, 1, "otra")
    assert (full.lot_id, full.quota_left) == (None, 17)
    assert "máximo" in full.sentence
    assert findings() == []


def test_the_number_of_queries_does_not_grow_with_the_quantity(people: People) -> None:
    ClientFactory.create_batch(62)
    people.owner.daily_quota = 100
    people.owner.save()
    # The draw begins at a shard that the promoter and the day choose. Whatever it is, everybody is there.
    ask(people.owner, 1, "before")
    Client.objects.update(shard=Lot.objects.get().seed)
    counts = []
    for quantity in (1, 20):
        with CaptureQueriesContext(connection) as context:
            assert ask(people.owner, quantity, f"q{quantity}").granted == quantity
        counts.append(
            len([q for q in context.captured_queries if q["sql"].split()[0] in {"SELECT", "INSERT", "UPDATE"}])
        )
    assert counts[0] == counts[1] <= 28


def test_the_oldest_of_the_pool_come_first_and_opted_out_ones_never(people: People) -> None:
    ClientFactory.create_batch(4)
    ask(people.owner, 4)
    rows = list(Opportunity.objects.order_by("id"))
    for minutes, row in enumerate([rows[2], rows[0], rows[1]]):
        decisions.return_to_pool(row.pk, by=people.boss, now=NOW + dt.timedelta(minutes=minutes))
    phone = rows[2].client.contacts.all()[0].normalised
    Suppression.objects.create(phone=phone, source="respuesta", created_at=NOW)
    fresh = ClientFactory()
    assert facets.count(people.colleague, Filters(), now=NOW) == 3
    ask(people.colleague, 2, now=NOW)
    assert set(Opportunity.objects.filter(owner=people.colleague)) == {rows[0], rows[1]}
    ask(people.colleague, 2, "otra", now=NOW)
    assert Opportunity.objects.filter(owner=people.colleague, client=fresh).exists()
    assert findings() == []
