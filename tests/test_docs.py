"""What the documents name is there, and what they promise to list is listed whole."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.test import Client

ROOT = Path(__file__).resolve().parent.parent
OURS = ("leadmaster", "whatsapp", "campaigns", "opportunities")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def first_cells(name: str) -> set[str]:
    """What stands first in the rows of this document's tables, in backticks."""
    return set(re.findall(r"^\| `([\w./-]+)", read(name), re.MULTILINE))


def test_the_readme_lists_every_command_of_ours() -> None:
    ours = {name for name, app in get_commands().items() if str(app).startswith(OURS)}

    assert {"demo", "sync_clients", "expire_timers"} <= ours
    assert ours <= first_cells("README.md")


@pytest.mark.django_db
def test_every_probe_of_the_health_page_is_explained(client: Client) -> None:
    probes = set(client.get("/healthz").json()["checks"])

    assert {"database", "timers", "directory"} <= probes
    assert probes <= first_cells("docs/operations.md")


_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize(("path", "name"), _NAMED.findall(read("docs/architecture.md")))
def test_what_the_map_points_at_is_there(path: str, name: str) -> None:
    assert name in _names_in(ROOT / path)


def test_the_map_tells_where_the_rules_are_that_people_ask_for_most() -> None:
    table = [line for line in read("docs/architecture.md").splitlines() if len(_NAMED.findall(line)) == 2]

    for what in ("a sale", "quota", "a deadline", "a reply", "address"):
        assert any(what in line.split("|")[1] for line in table), what


_ROW = re.compile(r"^\| ((?:`[\w/]+/`(?: `[\w.]+`)*)) \|.*\| ([^|]*) \|$", re.MULTILINE)


def doors() -> list[tuple[str, str]]:
    """(room, door) of the desk's table, for doors written `module.name`."""
    rows = _ROW.findall(read("docs/architecture.md").partition("| Room of the sender")[0])
    return [
        (room, door)
        for rooms, cell in rows
        for room in re.findall(r"`([\w/]+)/`", rooms)[:1]
        for door in re.findall(r"`(\w+\.\w+)`", cell)
    ]


@pytest.mark.parametrize(("room", "door"), doors())
def test_the_doors_of_the_desks_rooms_are_there(room: str, door: str) -> None:
    module, _, name = door.partition(".")

    assert name in _names_in(ROOT / "opportunities" / room / f"{module}.py")


def test_every_room_of_the_desk_is_on_the_map() -> None:
    rooms = {path.parent.name for path in (ROOT / "opportunities").glob("*/__init__.py")}
    named = set(re.findall(r"`(\w+)/`", read("docs/architecture.md")))

    assert rooms - named - {"migrations", "management", "templatetags"} == set()


def test_the_folders_that_the_contributors_map_names_are_there() -> None:
    named = set(
        re.findall(r"`((?:campaigns|opportunities|leadmaster|whatsapp|tests)/[\w/.]*)`", read("CONTRIBUTING.md"))
    )

    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def _names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
