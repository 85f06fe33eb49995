"""How a walk of the directory reaches its pages on MariaDB: along the index of its facets, and without a sort."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.audience import directory
from campaigns.audience.directory import Selection
from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import Facets
from leadmaster.directory.models import Client
from leadmaster.directory.models.client import shard_of
from tests.plans import analyse, steps

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
CLIENTS = 20_000
_PAGE = 300


SELECTIONS = [
    Selection(facets=facets, availability=(Availability.FREE,))
    for facets in (
        Facets(),
        Facets(province="P1"),
        Facets(province="P1", city="C1"),
        Facets(agreement="A1"),
        Facets(client_type="T1"),
        Facets(province="P1", agreement="A1"),
        Facets(province="P1", city="C1", client_type="T1"),
    )
]


def test_every_page_comes_along_an_index_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "BATCH", _PAGE)
    Client.objects.bulk_create(
        [
            Client(
                source="p",
                external_id=str(number),
                shard=shard_of(str(number)),
                province=f"P{number % 10}",
                city=f"C{number % 100 // 10}",
                agreement=f"A{number % 7}",
                client_type=f"T{number % 3}",
                created_at=NOW,
                updated_at=NOW,
            )
            for number in range(CLIENTS)
        ],
        batch_size=5_000,
    )
    analyse("directory_client")

    for selection in SELECTIONS:
        with CaptureQueriesContext(connection) as seen:
            found = [client.pk for page in directory._pages(selection) for client in page]
        assert len(found) == len(set(found)) == Client.objects.filter(selection.facets.condition()).count()
        pages = [query["sql"] for query in seen.captured_queries if "directory_client" in query["sql"]]
        for sql in pages:
            first = steps(sql)[0]
            assert first.key.startswith("client_free"), (selection.title, first)
            # The last few rows may come any way: there is less of them than a page.
            assert first.rows <= _PAGE or not first.sorts, (selection.title, first)
