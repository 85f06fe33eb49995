"""Lists cost the same at one row and at three, and never count the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from leadmaster.api import desk_router
from opportunities.models import Opportunity
from tests.factories.opportunities import ClientFactory, PromoterFactory, StageFactory
from tests.opportunities.api.asking import URL
from tests.opportunities.api.world import World


def another_desk(world: World) -> None:
    desk = PromoterFactory().desk
    desk.team.supervisors.add(world.boss)


# Each list: what makes one row of it, and its literal cost to a supervisor. Of opportunities: the supervisor's teams and
# own desk, the page, its rows, their contacts, which of those asked for silence, the last calls and the reminders; and in
# the inbox the last note, message, reply and answer through a line.
LISTS: dict[str, tuple[Callable[[World], Any], int]] = {
    "opportunities": (World.reminder, 9),
    "inbox": (World.exit, 12),
    "pool": (World.pooled, 8),
    "contacts": (World.contact, 1),
    "reminders": (World.reminder, 1),
    # The supervisor's lines and desk, the page, whose numbers they are.
    "conversations": (World.talk, 4),
    "bulk-actions": (World.bulk_action, 1),
    # The counts of the whole page in one.
    "lots": (World.lot, 2),
    "quotas": (lambda world: world.post("boss", *correction(world)), 1),
    # Quotas, load, extensions, captures and absences of the whole page in one each.
    "promoters": (lambda world: PromoterFactory(desk=world.promoter("owner").desk), 6),
    "absences": (lambda world: world.absence(who="owner", days=Count.next()), 1),
    "stages": (lambda world: StageFactory.create(), 1),
    "stage-routes": (lambda world: None, 1),
    # The windows of the whole page in one; the supervisor's teams.
    "calendars": (lambda world: None, 3),
    "holidays": (World.holiday, 3),
    "clients": (lambda world: ClientFactory.create(), 2),
    "syncs": (World.sync, 1),
    # The supervisor's teams first.
    "desks": (another_desk, 2),
    # And their promoters.
    "quota-entries": (World.one, 3),
    "cool-downs": (World.exit, 3),
}
# Figures, not rows.
UNPAGED = {"radar", "results", "retimings"}


class Count:
    """Days of absences that don't overlap."""

    number = 0

    @classmethod
    def next(cls) -> int:
        cls.number += 1
        return cls.number


def correction(world: World) -> tuple[str, dict[str, Any]]:
    promoter = PromoterFactory(desk=world.promoter("owner").desk)
    return f"/api/v1/promoters/{promoter.pk}/quota/", {"limit": 7, "reason": "Feria"}


def primed(world: World, who: str) -> APIClient:
    """The model backend reads groups once per person and request: that is not what is measured."""
    getattr(world, who).has_perm("nothing.of_this")
    return world.client(who)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("kind", LISTS)
def test_costs_the_same_whatever_it_holds(
    kind: str, rows: int, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make, queries = LISTS[kind]
    for _ in range(rows):
        make(world)
    client = primed(world, "boss")

    with django_assert_num_queries(queries):
        found = client.get(f"/api/v1/{kind}/").json()["results"]

    assert len(found) >= min(rows, 1)


def test_every_list_of_the_desk_is_measured() -> None:
    measured = {prefix for prefix, viewset, _name in desk_router.registry if hasattr(viewset, "list")}
    assert measured - UNPAGED == set(LISTS)


@pytest.mark.parametrize("kind", [*LISTS, "opportunities/?state=activa&state=salida", "campaigns/?state=pausada"])
def test_never_counts_its_rows(kind: str, world: World) -> None:
    if kind in LISTS:
        LISTS[kind][0](world)
    client = world.client("boss")

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/api/v1/{kind}" if "?" in kind else f"/api/v1/{kind}/")

    told = " ".join(query["sql"].upper() for query in queries)
    assert "SELECT COUNT(*)" not in told
    assert "DISTINCT" not in told


@pytest.mark.parametrize("who", ["owner", "colleague", "boss", "outsider", "other_boss", "admin"])
def test_a_list_holds_exactly_what_its_reader_may_open(who: str, world: World) -> None:
    """It is narrowed by ids, a single row by the rule itself: both have to mean the same."""
    for make in (World.one, World.exit, World.pooled, World.sold):
        make(world)
    world.give(to="outsider")
    world.give(to="colleague")
    # A supervisor of one team who works at the desk of another.
    PromoterFactory(user=world.other_boss, desk=world.promoter("owner").desk)
    world.give(to="other_boss")

    listed = {row["id"] for row in world.client(who).get(URL).json()["results"]}

    assert listed == set(Opportunity.objects.visible_to(getattr(world, who)).values_list("pk", flat=True))


@pytest.mark.parametrize("lines", [1, 3])
def test_one_opportunity_costs_the_same_whatever_happened_to_it(
    lines: int, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The row, its contacts, silence, the person's desk; its steps and those that ask why; the hours of its team."""
    row = world.one()
    for number in range(lines):
        ClientFactory.create(phone=f"+52331234567{number}").contacts.update(client=row.client)
        world.post("owner", f"{URL}{row.pk}/note/", {"text": "Nota"})
    client = primed(world, "owner")

    with django_assert_num_queries(11):
        told = client.get(f"{URL}{row.pk}/").json()
    with django_assert_num_queries(2):
        history = client.get(f"{URL}{row.pk}/history/").json()["results"]

    assert (len(told["reach"]["phones"]), len(history)) == (lines + 1, lines + 1)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_bulk_actions_rows_cost_the_same_however_many(
    rows: int, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    action = world.bulk_action(rows)
    client = primed(world, "boss")

    with django_assert_num_queries(2):
        found = client.get(f"/api/v1/bulk-actions/{action.pk}/items/").json()["results"]

    assert len(found) == rows


def test_pages_follow_each_other_newest_first_and_lose_nobody(world: World) -> None:
    rows = world.give(5)
    client = world.client("owner")

    page, seen = client.get(URL, {"page_size": 2}).json(), []
    while True:
        seen += [row["id"] for row in page["results"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()

    assert seen == [row.pk for row in reversed(rows)]
    assert Opportunity.objects.count() == 5


def test_clients_come_with_all_of_their_contacts_and_are_found_by_them(world: World) -> None:
    ClientFactory.create(phone="+523312340001")
    wanted = ClientFactory.create(phone="+523312340002", province="Sonora")
    wanted.contacts.create(kind="correo", raw="ANA@example.com", normalised="ana@example.com", position=1)
    client = world.client("boss")

    def found(**asked: Any) -> list[int]:
        return [row["id"] for row in client.get("/api/v1/clients/", asked).json()["results"]]

    for text in ("+523312340002", "33 1234 0002", "Ana@Example.com", wanted.external_id, wanted.name):
        assert found(search=text) == [wanted.pk]
    assert found(province="Sonora") == [wanted.pk]
    assert found(external_id=wanted.external_id) == [wanted.pk]
    assert found(availability="cerrado") == []
    told = client.get(f"/api/v1/clients/{wanted.pk}/").json()
    assert [point["normalised"] for point in told["contacts"]] == ["+523312340002", "ana@example.com"]
