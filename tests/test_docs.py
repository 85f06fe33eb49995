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


def doors_below() -> list[tuple[str, str]]:
    """(app, door) of the table of the sender and below, for doors written `module.name` of the sender and the line."""
    table = read("docs/architecture.md").partition("| Room of the sender")[2].partition("###")[0]
    rows = re.findall(r"^\| `(campaigns|whatsapp)/.*\| ([^|]*) \|$", table, re.MULTILINE)
    return [(app, door) for app, cell in rows for door in re.findall(r"`([a-z_]\w*\.\w+)`", cell)]


@pytest.mark.parametrize(("app", "door"), doors_below())
def test_the_doors_below_the_desk_are_there(app: str, door: str) -> None:
    module, _, name = door.partition(".")

    assert any(name in _names_in(path) | _offered_by(path) for path in (ROOT / app).rglob(f"{module}.py"))


def test_the_modules_in_the_picture_of_the_rooms_are_there() -> None:
    picture = read("docs/architecture.md").partition("```")[2].partition("```")[0]
    app = ""
    named: list[str] = []
    for line in picture.splitlines():
        app = line.split("/")[0] if line[:1].isalpha() else app
        if first := re.match(r"  (?:[\w/]+(?:\.py|/) +)+", line):
            named += [f"{app}/{name}" for name in first[0].split()]

    assert len(named) > 40
    assert [name for name in named if not (ROOT / name).exists()] == []


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


def _offered_by(path: Path) -> set[str]:
    """What a module hands on from elsewhere, by its `__all__`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lists = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return {name for one in lists for name in ast.literal_eval(one)}


def _names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


# --- What each alert means --------------------------------------------------------------------------------------------

# By module: how many calls open or close alerts, and what their keys are or begin with. One call more is told by a test.
ALERTS: dict[str, tuple[int, set[str]]] = {
    "campaigns/brakes/canary.py": (1, {"campaign-canary"}),
    "campaigns/brakes/error_rate.py": (2, {"campaign-errors"}),
    "campaigns/brakes/opt_outs.py": (1, {"campaign-opt-outs"}),
    "campaigns/brakes/template.py": (1, {"campaign-template"}),
    "campaigns/engine/journal_trouble.py": (1, {"journal-unusable"}),
    "campaigns/health.py": (3, {"schedules_ahead"}),
    "campaigns/opt_ins.py": (1, {"asked-back"}),
    "campaigns/opt_out_doubts.py": (1, {"opt-out-doubts"}),
    "campaigns/receipts.py": (1, {"envio-conflict"}),
    "campaigns/refused_events.py": (1, {"callback-refused"}),
    "campaigns/restores.py": (1, {"database-restored"}),
    "campaigns/webhooks.py": (1, {"callback-secret"}),
    "leadmaster/directory/health.py": (4, {"directory_late", "directory_sync_failed"}),
    "leadmaster/directory/tasks.py": (1, {"directory_sync_failed"}),
    "leadmaster/ops/alerts.py": (1, set()),
    "leadmaster/ops/reconciliation/nightly.py": (1, {"reconciliation"}),
    # The last one from memory: without a database there is no row to write.
    "leadmaster/ops/watchdog.py": (2, {"tick_late", "database_down"}),
    "opportunities/health.py": (4, {"timers_late", "retiming_stuck"}),
    "whatsapp/health.py": (5, {"session", "session-cold", "gateway", "gateway-token"}),
}


def alert_calls() -> dict[str, int]:
    found: dict[str, int] = {}
    for app in OURS:
        for path in sorted((ROOT / app).rglob("*.py")):
            calls = [
                node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
            ]
            names = [call.func.id for call in calls if isinstance(call.func, ast.Name)]
            if number := sum(name in {"raise_alert", "CheckResult"} for name in names):
                found[path.relative_to(ROOT).as_posix()] = number
    return found


def test_the_list_of_alerts_is_whole() -> None:
    assert alert_calls() == {path: number for path, (number, _keys) in ALERTS.items()}
    for path, (_number, keys) in ALERTS.items():
        # Each of them is written in its module, or in the one that it takes the name from.
        source = read(path) + read("leadmaster/directory/health.py") + read("campaigns/suppressions.py")
        assert {key for key in keys if key not in source} == set(), path


def test_every_alert_has_its_heading_with_what_to_do() -> None:
    page = read("docs/operations.md")
    sections = re.findall(r"^### (.+)\n\n(.+)", page, re.MULTILINE)
    explained = {name for heading, _text in sections for name in re.findall(r"`([\w-]+)`", heading)}
    rules = set(re.findall(r"^ +- alert: (\w+)$", read("deploy/prometheus/alerts.yml"), re.MULTILINE))
    keys = {key for _number, found in ALERTS.values() for key in found}

    assert len(rules) > 10
    assert keys | rules <= explained
    # And nothing is explained that nobody is told of.
    assert explained <= keys | rules
