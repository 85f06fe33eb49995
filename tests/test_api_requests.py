"""Every operation of the API, as its table of who may use it names it: a misspelt name is refused before anything is
done, and a change writes the columns that were sent.

A new operation is in one of the two tables, or their own tests fail; so it is tried here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from rest_framework.test import APIClient
from rest_framework.views import APIView

from leadmaster.lib.api.requests import DescribedRequests
from tests.api_people import PEOPLE, new_key
from tests.campaigns.api import test_who_may as sender
from tests.campaigns.api import world as sender_world
from tests.factories.calendars import HolidayFactory, OperatingCalendarFactory
from tests.opportunities.api import test_who_may as desk
from tests.opportunities.api import world as desk_world

pytestmark = pytest.mark.django_db

# (table, how its world is made). The token takes no world: anybody asks for one.
TABLES: list[tuple[list[Any], Any]] = [(sender.TABLE, sender_world.build), (desk.TABLE, desk_world.build)]
UNKNOWN = "provinica"
V1 = "/api/v1"
OURS = ("campaigns.", "leadmaster.", "opportunities.", "whatsapp.")


def _views(patterns: list[Any]) -> Iterator[type[APIView]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and (view := getattr(pattern.callback, "cls", None)) is not None:
            yield view


def test_every_view_of_the_api_takes_what_is_described_and_nothing_else() -> None:
    found = {view for view in _views(get_resolver().url_patterns) if view.__module__.startswith(OURS)}
    library = {view for view in found if view.__name__ in {"DescriptionView", "DocsView"}}

    assert len(found) > 25
    assert {view for view in found - library if not issubclass(view, DescribedRequests)} == set()


def _ask(row: Any, path: str, world: Any, *, body: dict[str, Any] | None = None, query: str = "") -> Any:
    """As somebody who may."""
    client: APIClient = world.client(_doer(row))
    if row.method == "get":
        return client.get(path + query)
    headers = {"Idempotency-Key": new_key()}
    return getattr(client, row.method)(path + query, body, headers=headers, format=getattr(row, "format", "json"))


def _doer(row: Any) -> str:
    for who, status in zip(PEOPLE, row.expected, strict=True):
        if status < 300:
            return who
    return "admin"


def _columns(sql: str, table: str) -> set[str]:
    """The columns that an UPDATE of this table writes."""
    if (found := re.match(rf"UPDATE [`\"]{table}[`\"] SET (.*) WHERE ", sql)) is None:
        return set()
    return set(re.findall(r"[`\"](\w+)[`\"] = ", found[1]))


@pytest.mark.parametrize("where", ["query", "body"])
@pytest.mark.parametrize(("table", "build"), TABLES, ids=["sender", "desk"])
def test_an_unknown_name_is_refused_by_name_and_nothing_is_done(table: list[Any], build: Any, where: str) -> None:
    """One world for all: what is refused leaves no trace in it."""
    world, wrong = build(), []
    for row in table:
        if where == "body" and row.method == "get":
            continue
        path = row.path.replace("{id}", str(row.seed(world)))
        body, query = row.body(world), ""
        if where == "query":
            query = f"?{UNKNOWN}=x"
        else:
            body[UNKNOWN] = "x"
        with CaptureQueriesContext(connection) as ran:
            answer = _ask(row, path, world, body=body, query=query)
        fields = answer.json()["error"]["fields"] if answer.status_code == 400 else {}
        # The key of a repeated request is taken and given back; nothing else is written.
        written = [
            query["sql"]
            for query in ran
            if query["sql"].startswith(("INSERT", "UPDATE", "DELETE")) and "idempotentrequest" not in query["sql"]
        ]
        if UNKNOWN not in fields or written:
            wrong.append(f"{row}: {answer.status_code} {answer.content[:200]!r} {written}")
    assert wrong == []


# What an operation writes beside what was sent: its own bookkeeping, never a column that somebody else's request or the
# sender might be writing.
_BESIDE = {
    f"{V1}/automatic-rules/{{id}}/": {"changed_by_id", "changed_at"},
    f"{V1}/schedules/{{id}}/": {"state", "decided_by_id", "decided_at"},
}


@pytest.mark.parametrize(("table", "build"), TABLES, ids=["sender", "desk"])
def test_a_change_writes_only_the_columns_that_were_sent(table: list[Any], build: Any) -> None:
    world, wrong, tried = build(), [], 0
    for row in table:
        if row.method != "patch":
            continue
        path = row.path.replace("{id}", str(row.seed(world)))
        body = row.body(world)
        model = resolve(path).func.cls.queryset.model  # type: ignore[attr-defined]  # every view set has one
        with CaptureQueriesContext(connection) as ran:
            answer = _ask(row, path, world, body=body)
        written = set().union(*(_columns(query["sql"], model._meta.db_table) for query in ran))
        meant = {column for name in body for column in (name, f"{name}_id")} | _BESIDE.get(row.path, set())
        tried += 1
        if answer.status_code != 200 or not written <= meant:
            wrong.append(f"{row}: {answer.status_code}, sent {sorted(body)}, written {sorted(written)}")
    assert tried > 2
    assert wrong == []


def _kept_out(row: Any) -> list[tuple[str, int]]:
    """The people whom the table refuses for who they are, each with how."""
    people = zip(PEOPLE, row.expected, strict=True)
    return [(who, status) for who, status in people if status in {401, 403, 404}]


@pytest.mark.parametrize("sent", ["nothing", "an unknown name", "no JSON", "no JSON and a key"])
@pytest.mark.parametrize(("table", "build"), TABLES, ids=["sender", "desk"])
def test_a_stranger_is_told_so_whatever_they_send(table: list[Any], build: Any, sent: str) -> None:
    """Refusals of a body tell what an operation takes, and by their difference which rows there are."""
    world, wrong, tried = build(), [], set()
    for row in table:
        if row.method == "get" or not _kept_out(row):
            continue
        path = row.path.replace("{id}", str(row.seed(world)))
        for who, status in _kept_out(row):
            client: APIClient = world.client(who)
            if sent in {"nothing", "an unknown name"}:
                body = {UNKNOWN: "x"} if sent == "an unknown name" else {}
                answer = getattr(client, row.method)(path, body, format=getattr(row, "format", "json"))
            else:
                headers = {"Idempotency-Key": new_key()} if sent == "no JSON and a key" else {}
                answer = getattr(client, row.method)(path, "{", content_type="application/json", headers=headers)
            tried.add(status)
            if answer.status_code != status:
                wrong.append(f"{row} by {who}: {answer.status_code} instead of {status}: {answer.content[:120]!r}")
    assert tried == {401, 403, 404}
    assert wrong == []


@pytest.mark.parametrize(("table", "build"), TABLES, ids=["sender", "desk"])
def test_a_stranger_who_misspells_a_filter_is_told_about_the_row_first(table: list[Any], build: Any) -> None:
    world, wrong, tried = build(), [], 0
    for row in table:
        if row.method != "get" or "{id}" not in row.path or 404 not in row.expected:
            continue
        path = row.path.replace("{id}", str(row.seed(world)))
        answer = world.client("other_boss").get(f"{path}?{UNKNOWN}=x")
        tried += 1
        if answer.status_code != 404:
            wrong.append(f"{row}: {answer.status_code}")
    assert tried > 5
    assert wrong == []


def test_every_row_that_others_also_see_is_closed_to_them_before_its_body(db: None) -> None:
    """The general hours are everybody's to read; an administrator alone keeps them."""
    world = desk_world.build()
    general = OperatingCalendarFactory.create(is_general=True)
    holiday = HolidayFactory.create(calendar=general)
    boss = world.client("boss")

    for path in (f"{V1}/calendars/{general.pk}/", f"{V1}/holidays/{holiday.pk}/"):
        assert boss.get(path).status_code == 200
        assert boss.patch(path, {UNKNOWN: "x"}).status_code == 403
    assert boss.post(f"{V1}/calendars/{general.pk}/rehearse/", {UNKNOWN: "x"}).status_code == 403
    assert boss.get(f"{V1}/calendars/{general.pk}/national-holidays/").status_code == 403
    assert boss.post(f"{V1}/calendars/{general.pk}/national-holidays/", {UNKNOWN: "x"}).status_code == 403
    assert boss.delete(f"{V1}/holidays/{holiday.pk}/?{UNKNOWN}=x").status_code == 403
