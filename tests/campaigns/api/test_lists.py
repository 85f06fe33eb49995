"""Lists cost the same at one row and at three, never count the table, and turn their pages by cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from campaigns.enums import Ack, CampaignState, EnvioState
from leadmaster.api import sender_router
from tests.campaigns.api.world import World
from tests.factories.campaigns import AttemptFactory, EnvioEventFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory

# Each list: what makes one row of it, and its literal cost to a supervisor (whose team is asked for in the query).
LISTS: dict[str, tuple[Callable[[World], Any], int]] = {
    "campaigns": (lambda world: world.complete(CampaignState.RUNNING), 5),
    "schedules": (lambda world: world.schedule(), 2),
    "envios": (lambda world: world.envio(), 1),
    "imports": (lambda world: world.finished_import(), 1),
    "sessions": (lambda world: WhatsAppSessionFactory.create(team=world.team), 1),
    "automatic-rules": (lambda world: world.automatic_rule(), 1),
    "automatic-answers": (lambda world: world.automatic_answer(), 1),
    "suppressions": (lambda world: world.suppression(), 1),
}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("kind", LISTS)
def test_costs_the_same_whatever_it_holds(
    kind: str, rows: int, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make, queries = LISTS[kind]
    for _ in range(rows):
        make(world)
    client = world.client("boss")
    world.boss.has_perm("campaigns.view_campaign")  # the model backend reads groups once per person and request
    world.boss.has_perm("directory.view_suppression")

    with django_assert_num_queries(queries):
        found = client.get(f"/api/v1/{kind}/").json()["results"]

    assert len(found) >= rows


def test_every_list_of_the_sender_is_measured() -> None:
    measured = {prefix for prefix, viewset, _name in sender_router.registry if hasattr(viewset, "list")}
    # Statistics are one answer, not pages of rows: what they cost is in `statistics/test_sends.py`.
    assert measured - {"stats"} == set(LISTS)


@pytest.mark.parametrize("kind", LISTS)
def test_never_counts(kind: str, world: World) -> None:
    LISTS[kind][0](world)
    client = world.client("boss")

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/api/v1/{kind}/")

    told = " ".join(query["sql"].upper() for query in queries)
    assert "SELECT COUNT(*)" not in told
    assert "DISTINCT" not in told


@pytest.mark.parametrize("events", [1, 3])
def test_one_envio_costs_the_same_whatever_happened_to_it(
    events: int, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    envio = world.envio()
    for _ in range(events):
        AttemptFactory.create(envio=envio)
        EnvioEventFactory.create(envio=envio)
    client = world.client("owner")
    world.owner.has_perm("campaigns.view_envio")

    with django_assert_num_queries(3):
        told = client.get(f"/api/v1/envios/{envio.pk}/").json()

    assert (len(told["attempt_log"]), len(told["events"])) == (events, events)


def test_pages_follow_each_other_newest_first_and_lose_nobody(world: World) -> None:
    campaign = world.campaign(CampaignState.RUNNING)
    envios = EnvioFactory.create_batch(5, campaign=campaign)
    client = world.client("owner")

    page, seen = client.get("/api/v1/envios/", {"page_size": 2}).json(), []
    while True:
        seen += [row["id"] for row in page["results"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()

    assert seen == [envio.pk for envio in reversed(envios)]


# The third decodes to a position that is no number, the fourth to a number that no column holds.
@pytest.mark.parametrize("cursor", ["garbage", "%%%", "cD1hYmM=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "bz0tMQ=="])
def test_a_cursor_of_somebody_else_is_no_server_error(cursor: str, world: World) -> None:
    assert world.client("owner").get("/api/v1/envios/", {"cursor": cursor}).status_code in (200, 404)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "enviado"}, {"sent"}),
        ({"state": ["enviado", "incierto"]}, {"sent", "uncertain"}),
        ({"ack": [2, 3]}, {"sent"}),
        ({"phone": "+5493515550001"}, {"pending"}),
        ({"phone": "5493515550001"}, {"pending"}),
        ({"phone": " 5493515550001"}, {"pending"}),
        ({"campaign": "mine"}, {"sent", "pending"}),
        ({"campaign": 0}, set()),
        ({}, {"sent", "pending", "uncertain"}),
    ],
)
def test_envios_are_found_by_state_acknowledgement_phone_and_campaign(
    asked: dict[str, Any], found: set[str], world: World
) -> None:
    campaign = world.campaign(CampaignState.RUNNING)
    rows = {
        "sent": EnvioFactory.create(campaign=campaign, state=EnvioState.SENT, ack=Ack.DELIVERED),
        "pending": EnvioFactory.create(campaign=campaign, phone="+5493515550001"),
        "uncertain": world.envio(EnvioState.UNCERTAIN),
    }
    if asked.get("campaign") == "mine":
        asked = {"campaign": campaign.pk}

    answer = world.client("owner").get("/api/v1/envios/", asked).json()["results"]

    assert {row["id"] for row in answer} == {rows[name].pk for name in found}


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("envios", {"state": "volando"}),
        ("envios", {"ack": "9"}),
        ("envios", {"campaign": "x"}),
        ("campaigns", {"state": "x"}),
        ("schedules", {"campaign": "1e400"}),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(kind: str, asked: dict[str, str], world: World) -> None:
    answer = world.client("owner").get(f"/api/v1/{kind}/", asked)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, list(asked))
