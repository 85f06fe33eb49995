"""Looking a client up: what each way of writing finds, and that each is a walk along an index."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leadmaster.directory.models import Client, ContactPoint, shard_of
from leadmaster.directory.search import MOST, found_by, sources
from tests.factories.directory import ClientFactory, ContactPointFactory
from tests.plans import analyse, steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Client:
    found: Client = ClientFactory.create(name="Ana María", last_names="Sosa Paz", external_id="A-17", source="externo")
    ContactPointFactory.create(client=found, normalised="+5493515557890", raw="351 15 555-7890")
    ContactPointFactory.create(client=found, kind=ContactPoint.Kind.EMAIL, normalised="ana@example.com", raw="Ana@x")
    ClientFactory.create_batch(3)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "+54 9 351 555-7890",
        "351 15 555-7890",
        "3515557890",
        "ANA@example.com",
        "A-17",
        "Ana",
        "ana maría",
        "Sosa",
        "sosa pa",
        "Ana Sosa",
        "Ana María Sosa",
        "Sosa, Ana",
        "  Sosa   Paz  Ana ",
    ],
)
def test_a_client_is_found_however_people_write(ana: Client, text: str) -> None:
    assert found_by(text) == [ana.pk]


@pytest.mark.parametrize(
    "text", ["", "  ", "na", "osa", "Ana Vázquez", "+54 9 351 555-0000", "ana@", "%", "_", "X" * 500]
)
def test_what_means_nobody_finds_nobody(ana: Client, text: str) -> None:
    assert found_by(text) == []


def test_a_name_that_a_capture_wrote_in_one_piece_is_found_too(ana: Client) -> None:
    captured = ClientFactory.create(name="Valentina Sosa", last_names="", source="captacion", external_id="+549")
    assert found_by("valentina so") == [captured.pk]
    assert set(found_by("+549")) == {captured.pk}
    assert sources() == ["captacion", "externo"]


def test_namesakes_are_looked_at_up_to_a_limit() -> None:
    _many(MOST + 20, "Juan")
    assert len(found_by("Juan")) == MOST


# Analysing a table commits what was written before.
@pytest.mark.django_db(transaction=True)
def test_every_way_is_a_walk_along_an_index() -> None:
    _many(3_000, "Pedro")
    if connection.vendor == "mysql":
        analyse("directory_client", "directory_contactpoint")
    with CaptureQueriesContext(connection) as asked:
        for text in ("Pedro Gómez 17", "+5493515000017", "pedro17@example.com", "17"):
            found_by(text)
    assert len(asked) <= 30
    for query in asked.captured_queries:
        assert _walks(query["sql"]), query["sql"]


def _walks(sql: str) -> bool:
    """Whether the database reads a part of an index, and no whole table."""
    if connection.vendor == "mysql":
        return all(step.access not in {"ALL", "index"} for step in steps(sql))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return all("SCAN" not in row[3] for row in cursor.fetchall())


def _many(number: int, name: str) -> None:
    now = timezone.now()
    rows: list[dict[str, Any]] = [
        {"name": name, "last_names": f"Gómez {at}", "external_id": str(at)} for at in range(number)
    ]
    Client.objects.bulk_create(
        Client(source="externo", shard=shard_of(row["external_id"]), created_at=now, updated_at=now, **row)
        for row in rows
    )
    ContactPoint.objects.bulk_create(
        ContactPoint(
            client_id=pk, kind=ContactPoint.Kind.PHONE, raw="x", normalised=f"+549351{5_000_000 + at}", position=0
        )
        for at, pk in enumerate(Client.objects.order_by("pk").values_list("pk", flat=True))
    )
