"""The directory over the API: found by what it is asked, by an index whatever its size."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from leadmaster.accounts.roles import Role
from leadmaster.directory import api
from leadmaster.directory.enums import Availability
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/clients/"


@pytest.fixture
def reader() -> APIClient:
    client = APIClient()
    client.force_authenticate(UserFactory.create(role=Role.SUPERVISOR))
    return client


def found(reader: APIClient, **asked: str) -> list[str]:
    answer: Any = reader.get(URL, asked)
    assert answer.status_code == 200, answer.content
    return [row["external_id"] for row in answer.json()["results"]]


@pytest.mark.parametrize("few", [2_000, 1])
@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({}, ["5", "4", "3", "2", "1"]),
        ({"province": "Sonora"}, ["5", "4", "3"]),
        ({"province": "Sonora", "city": "Nogales"}, ["5", "4"]),
        ({"province": "Sonora", "availability": "tomado"}, ["4"]),
        ({"province": "Sonora", "agreement": "IMSS"}, ["5"]),
        ({"agreement": "IMSS"}, ["5", "1"]),
        ({"client_type": "pensionado"}, ["2"]),
        ({"province": "Nadie"}, []),
        ({"external_id": "3"}, ["3"]),
        ({"external_id": "3", "source": "otra"}, []),
        ({"availability": "cerrado"}, []),
    ],
    ids=str,
)
def test_every_filter_says_what_it_means_newest_first(
    asked: dict[str, str], ids: list[str], few: int, reader: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an index tells the few beforehand or the rows are walked is nobody's business."""
    monkeypatch.setattr(api, "_FEW", few)
    ClientFactory(external_id="1", agreement="IMSS")
    ClientFactory(external_id="2", client_type="pensionado")
    ClientFactory(external_id="3", province="Sonora", city="Hermosillo")
    ClientFactory(external_id="4", province="Sonora", city="Nogales", availability=Availability.TAKEN)
    ClientFactory(external_id="5", province="Sonora", city="Nogales", agreement="IMSS")

    assert found(reader, **asked) == ids


def test_a_city_goes_with_its_province(reader: APIClient) -> None:
    answer: Any = reader.get(URL, {"city": "Nogales"})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["city"])


def test_where_few_fit_only_they_are_read(reader: APIClient) -> None:
    ClientFactory.create_batch(3)
    rare = ClientFactory(province="Sonora")

    with CaptureQueriesContext(connection) as queries:
        found(reader, province="Sonora")

    page = next(query["sql"] for query in queries if "tax_id" in query["sql"])
    assert f'"id" IN ({rare.pk})'.replace('"', "`" if connection.vendor == "mysql" else '"') in page
