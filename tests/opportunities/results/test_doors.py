"""The page, the files and the API ask the same thing, and each shows its teams' results alone."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from opportunities.results import asking
from opportunities.results.figures import By
from opportunities.results.report import report
from opportunities.results.sums import roll_up
from tests.company import signed_in
from tests.opportunities.results.world import AFTER, DAY, MONDAY, World, build, work

pytestmark = pytest.mark.django_db(transaction=True)

PERIOD = {"since": MONDAY.date().isoformat(), "until": (MONDAY + 5 * DAY).date().isoformat()}
PAGE = "admin:opportunities_promoter_results"


@pytest.fixture
def world() -> World:
    made = build()
    work(made)
    return made


def api(world: World, who: str, **query: Any) -> Any:
    client = APIClient()
    client.force_authenticate(getattr(world, who))
    return client.get("/api/v1/results/", {**PERIOD, **query})


def test_a_supervisor_gets_their_teams_results_and_an_administrator_everybodys(world: World) -> None:
    mine, every = api(world, "supervisor").json(), api(world, "administrator").json()
    assert (mine["total"]["sales"], every["total"]["sales"]) == (2, 3)
    assert [row["id"] for row in mine["rows"] if row["figures"]["sales"]] == [world.ana.pk]
    assert mine["total"]["conversion"] == pytest.approx(2 / 6)
    assert (mine["total"]["median_minutes"], mine["total"]["p90_minutes"]) == (7, 60)
    assert mine["before"]["sales"] == 0
    later = {"since": (MONDAY + 7 * DAY).date().isoformat(), "until": (MONDAY + 13 * DAY).date().isoformat()}
    assert api(world, "administrator", **later).json()["before"]["sales"] == 3


def test_another_teams_rows_do_not_exist_for_them(world: World) -> None:
    theirs = {"team": world.beto.desk.team_id, "promoter": world.beto.pk, "campaign": world.other.pk}
    for field, pk in theirs.items():
        assert api(world, "supervisor", **{field: pk}).status_code == 400
        assert api(world, "administrator", **{field: pk}).status_code == 200
    assert api(world, "administrator", promoter=world.beto.pk).json()["total"]["sales"] == 1


def test_what_is_not_understood_is_told_at_every_door(world: World) -> None:
    browser = signed_in(world.supervisor)
    for query in ({"by": "moon"}, {"since": "ayer"}, {"since": "2020-01-01", "until": "2026-01-01"}, {"team": "x"}):
        assert api(world, "supervisor", **query).status_code == 400, query
        page = browser.get(reverse(PAGE), query)
        assert page.status_code == 200
        assert 'role="alert"' in page.content.decode(), query
        assert browser.get(reverse(f"{PAGE}_csv"), query).status_code == 302


def test_the_page_and_the_files_show_what_the_api_says(world: World) -> None:
    roll_up(AFTER)
    for by in By:
        check_doors(world, by.value)


def check_doors(world: World, by: str) -> None:
    world.ana.user.first_name, world.ana.user.last_name = "=1+1", ""
    world.ana.user.save()
    answer = api(world, "supervisor", by=by).json()
    browser = signed_in(world.supervisor)
    asked = {**PERIOD, "by": by}
    assert browser.get(reverse(PAGE), asked).status_code == 200
    text = browser.get(reverse(f"{PAGE}_csv"), asked).content.decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ",")
    sheet = openpyxl.load_workbook(io.BytesIO(browser.get(reverse(f"{PAGE}_xlsx"), asked).content)).active
    assert sheet is not None
    written = [list(row) for row in sheet.iter_rows(values_only=True)]
    names = [row["name"] for row in answer["rows"]]
    safe = ["'=1+1" if name == "=1+1" else name for name in names]
    assert [row[0] for row in rows] == [*safe, "Total", "Período anterior"]
    assert [row[0] for row in written] == [head[0], *safe, "Total", "Período anterior"]
    assert {cell.data_type for cell in sheet["A"]} == {"s"}
    assert [int(row[1]) for row in rows[:-2]] == [row["figures"]["sales"] for row in answer["rows"]]
    assert written[-2][1] == answer["total"]["sales"] == 2


def test_a_year_is_asked_in_as_many_queries_as_a_week(world: World) -> None:
    """Days before anything happened have no sums, and nothing to count."""
    roll_up(AFTER)
    year = {"since": "2025-04-01", "until": PERIOD["until"]}
    counts = []
    for query in (PERIOD, year):
        asked = asking.read(query, user=world.administrator, now=AFTER)
        with CaptureQueriesContext(connection) as queries:
            assert report(asked).total.sales == 3
        counts.append(len(queries))
    assert counts[0] == counts[1]
