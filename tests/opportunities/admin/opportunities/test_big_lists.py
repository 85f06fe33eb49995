"""The desk's lists over many opportunities, as MariaDB plans them: by the team's index, without sorting the rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leadmaster.directory.models import Client
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from opportunities.queries import pool_figures, search
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World
from tests.plans import Step, analyse, captured, steps

# ANALYZE commits, so the rows are cleared away instead of rolled back.
pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

ROWS = 6_000
LIST = "/admin/opportunities/opportunity/"
API = "/api/v1/"


@pytest.fixture
def many(world: World) -> None:
    """Two teams' opportunities, a third each active, waiting and pooled."""
    now = timezone.now()
    Client.objects.bulk_create(
        Client(source="big", external_id=str(number), shard=number % 64, name="Ana", created_at=now, updated_at=now)
        for number in range(ROWS)
    )
    kinds = (OpportunityState.ACTIVE, OpportunityState.EXIT, OpportunityState.POOL)
    rows = []
    for number, client in enumerate(Client.objects.filter(source="big").order_by("id")):
        promoter = world.promoter if number % 2 else world.stranger
        state = kinds[number % 3]
        since = now - dt.timedelta(minutes=number)
        pooled = state is OpportunityState.POOL
        rows.append(
            Opportunity(
                client=client,
                open_client=client,
                team=promoter.desk.team,
                owner=None if pooled else promoter,
                stage=None if pooled else world.funnel.new,
                state=state,
                state_since=since,
                stage_since=since,
                deadline=now + dt.timedelta(minutes=number) if state is OpportunityState.ACTIVE else None,
                created_at=since,
            )
        )
    Opportunity.objects.bulk_create(rows)
    analyse("opportunities_opportunity", "directory_client")


def rows_read(client: Any, path: str) -> int:
    """Rows and index entries that this page asks the engine for, once what stays in memory is there."""
    assert client.get(path).status_code == 200
    before = _handled()
    client.get(path)
    return _handled() - before


def _handled() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(number) for _name, number in cursor.fetchall())


def plans(client: Any, path: str) -> list[list[Step]]:
    """How the database chooses the rows of this page."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    chosen = captured(queries, containing="AS `pk` FROM `opportunities_opportunity`")
    return [steps(sql) for sql in chosen if "ORDER BY" in sql]


def walks_the_teams_index(plan: list[Step]) -> bool:
    """And reads no row for it."""
    return any(step.key == "opp_of_team" and step.reads_the_index_alone for step in plan)


@pytest.mark.usefixtures("many")
def test_pages_are_chosen_by_the_index_alone(world: World) -> None:
    supervisor, administrator = browser(world, "supervisor"), browser(world, "administrator")

    for who, path in (
        (supervisor, LIST),
        (supervisor, f"{LIST}?state=pool"),
        (supervisor, f"{LIST}?p=3"),
        (supervisor, f"{LIST}inbox/"),
        (supervisor, f"{LIST}pool/"),
        (administrator, LIST),
        (administrator, f"{LIST}?state=salida"),
        (administrator, f"{LIST}pool/"),
    ):
        [plan] = plans(who, path)
        assert not any(step.sorts for step in plan), (path, plan)
        assert walks_the_teams_index(plan), (path, plan)


@pytest.mark.usefixtures("many")
def test_an_inbox_of_several_teams_is_ordered_without_reading_its_rows(world: World) -> None:
    [plan] = plans(browser(world, "administrator"), f"{LIST}inbox/")

    assert walks_the_teams_index(plan), plan


@pytest.mark.usefixtures("many")
def test_a_value_that_nobody_has_is_not_looked_for_row_by_row(world: World) -> None:
    administrator = browser(world, "administrator")

    for path in (f"{LIST}pool/?province=Atlantis", f"{API}pool/?province=Atlantis", f"{API}inbox/?province=Atlantis"):
        assert rows_read(administrator, path) < 500, path


@pytest.mark.usefixtures("many")
def test_a_rare_name_is_found_among_namesakes_without_looking_at_all_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED", 50)
    one = Client.objects.filter(source="big").order_by("-id")[0]
    Client.objects.filter(pk=one.pk).update(last_names="Zúñiga Paz")
    administrator = browser(world, "administrator")

    assert rows_read(administrator, f"{LIST}?q=Ana+Z%C3%BA%C3%B1iga") < 2_000
    assert "Ana Zúñiga Paz" in administrator.get(f"{LIST}?q=Ana+Z%C3%BA%C3%B1iga").content.decode()


@pytest.mark.usefixtures("many")
def test_the_pools_figures_stop_counting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("COUNTED", "WINDOW", "_ENOUGH_FREE"):
        monkeypatch.setattr(pool_figures, limit, 50)
    administrator = browser(world, "administrator")

    for path in (f"{LIST}pool/figures/", f"{API}pool/figures/"):
        assert rows_read(administrator, path) < 1_500, path
