"""What the code base promises about itself, read from its own sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("leadmaster", "whatsapp", "campaigns", "opportunities")
_NOT_OURS = {".git", ".hypothesis", ".venv", "var", "node_modules", "__pycache__"}
_TEXT = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".in",
    ".yaml",
    ".yml",
    ".html",
    ".css",
    ".js",
    ".sh",
    ".service",
    ".target",
    "",
}


def project_files() -> Iterator[Path]:
    """Every text file of the project, without what tools and runs leave behind."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.endswith("_cache") or part in _NOT_OURS or part.startswith(".venv") for part in parts)
        if path.is_file() and not hidden and path.suffix in _TEXT and path.name != ".env":
            yield path


def sources(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """The product's modules as (path, tree), migrations apart: Django writes those."""
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    """The modules that a source imports, by their full names."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


# --- Configuration ----------------------------------------------------------------------------------------------------


def environment_variables() -> set[str]:
    """The names that settings.py reads, by its `env.…("NAME", …)` calls."""
    tree = ast.parse((ROOT / "leadmaster" / "settings.py").read_text(encoding="utf-8"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_the_readme_documents_exactly_the_variables_that_are_read() -> None:
    table = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))

    assert len(environment_variables()) > 10
    assert table == environment_variables()


def test_the_example_of_the_environment_names_nothing_that_is_not_read() -> None:
    example = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")

    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))

    assert named <= environment_variables()
    assert {"SECRET_KEY", "FIELD_ENCRYPTION_KEY", "DATABASE_URL"} <= named


def pins(name: str) -> set[str]:
    """`name==version`, with the marker where two Pythons need two versions."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {pin.strip() for pin in re.findall(r"^[A-Za-z0-9._-]+==[^\\\n]+", text, re.MULTILINE)}


@pytest.mark.parametrize("name", ["base", "mysql", "dev", "bench"])
def test_requirements_are_pinned_with_hashes_and_name_no_index(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")

    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.MULTILINE)
    entries = re.findall(r"^[A-Za-z0-9].*(?:\n    .*)*", text, re.MULTILINE)
    assert len(entries) == len(pins(name)) > 10
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize(("inner", "outer"), [("base", "mysql"), ("mysql", "dev"), ("dev", "bench")])
def test_each_set_of_requirements_holds_the_one_before_with_the_same_pins(inner: str, outer: str) -> None:
    # deploy/bootstrap.sh counts on it: who has the outer set needs no installing for the inner one.
    def versions(name: str) -> set[str]:
        return {pin.partition(" ;")[0] for pin in pins(name)}

    assert versions(inner) <= versions(outer)


def test_every_dependency_has_its_reason_written_down() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    wanted = set()
    for path in (ROOT / "requirements").glob("*.in"):
        wanted |= set(re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", path.read_text(encoding="utf-8"), re.MULTILINE))

    missing = {name for name in wanted if f"`{name.lower()}`" not in reasons}

    assert missing == set()


# --- Rooms ------------------------------------------------------------------------------------------------------------


def test_only_tasks_and_the_commands_that_set_and_run_them_know_the_alarm_clock() -> None:
    knowing = {path for path, tree in sources() if any(name.split(".")[0] == "django_q" for name in imported(tree))}

    allowed = re.compile(r".*/tasks\.py|.*/management/commands/(ensure_schedules|qcluster)\.py")
    assert {path for path in knowing if not allowed.fullmatch(path)} == set()
    assert "campaigns/management/commands/ensure_schedules.py" in knowing


_FAR_SIDE = ("whatsapp/contract/", "whatsapp/session_manager/", "whatsapp/simulator/")


def test_what_waits_on_gateways_never_sees_the_database() -> None:
    for path, tree in sources("whatsapp"):
        if path.startswith(("whatsapp/gateways/", *_FAR_SIDE)):
            assert not {name for name in imported(tree) if name.startswith(("django.db", "django.apps"))}, path


def test_nothing_is_wired_by_signals() -> None:
    receivers = re.compile(r"django\.(dispatch\.receiver|db\.models\.signals)\b")

    for path, tree in sources():
        assert not {name for name in imported(tree) if receivers.match(name)}, path


# The doors: campaign and schedule, conversation, envío, session, import of a file (its record, and who takes it up).
_DOORS = {
    "opportunities/state/following.py",
    "campaigns/lifecycle.py",
    "campaigns/conversation_states.py",
    "campaigns/envio_states.py",
    "campaigns/audience/import_record.py",
    "campaigns/audience/queued.py",
    "opportunities/state/machine.py",
    "whatsapp/line_tests.py",
    "whatsapp/sessions.py",
}


def writes_state(tree: ast.Module) -> bool:
    """An assignment to `….state`, or a call of something named update that names the column."""
    return any(_assigns_state(node) or (isinstance(node, ast.Call) and _updates_state(node)) for node in ast.walk(tree))


def _assigns_state(node: ast.AST) -> bool:
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    written = [leaf for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Attribute)]
    return any(leaf.attr == "state" and isinstance(leaf.ctx, ast.Store) for leaf in written)


def _updates_state(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if "update" in name and any(keyword.arg == "state" for keyword in call.keywords):
        return True
    named = {leaf.value for leaf in ast.walk(call) if isinstance(leaf, ast.Constant)}
    return name in {"bulk_update", "save"} and "state" in named


def test_only_the_doors_write_a_state() -> None:
    # The far side of the wire keeps states of its own, in memory.
    writers = {path for path, tree in sources() if writes_state(tree) and not path.startswith(_FAR_SIDE)}

    assert writers == _DOORS


@pytest.mark.parametrize(
    "source",
    [
        "envio.state = 'x'",
        "row.state, row.due_at = 'x', None",
        "rows.update(state=x)",
        "E.objects.bulk_update(rows, ['state'])",
        "e.save(update_fields=['state'])",
    ],
)
def test_a_state_written_beside_the_door_is_seen(source: str) -> None:
    assert writes_state(ast.parse(source))


# What only `opportunities.state` writes: state, clock and history of an opportunity, its client's availability.
_DESK_DOOR = "opportunities/state/machine.py"
# And for rows that come in from another system, with the history that they have there.
_DESK_DOORS = {_DESK_DOOR, "opportunities/state/adoption.py"}
# Reminders have a state of their own, and its door stands beside the machine, which it follows.
_REMINDERS_DOOR = "opportunities/state/following.py"
_DESK_COLUMNS = {"state", "open_client", "deadline", "paused_seconds", "clock_since", "availability"}
_DESK_MODELS = {"Opportunity", "OpportunityEvent"}
_WRITES = re.compile(r"(bulk_|get_or_|update_or_)?(a?create|a?update)")
_STATEMENTS = re.compile(r"Compiled(Copy|Insert)")
_SQL = re.compile(r"(insert\s+into|replace\s+into|update|delete\s+from)\W+opportunities_opportunity", re.IGNORECASE)


def desk_writes(tree: ast.Module) -> list[str]:
    """What a source writes of an opportunity beside its door, as words."""
    return [what for node in ast.walk(tree) if (what := _desk_write(node))]


def _desk_write(node: ast.AST) -> str:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {target.attr for target in targets if isinstance(target, ast.Attribute)}
        return f"assigns {names & _DESK_COLUMNS}" if names & _DESK_COLUMNS else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value):
        return "words SQL"
    return _desk_call(node) if isinstance(node, ast.Call) else ""


def _desk_call(call: ast.Call) -> str:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    words = _named(call.func)
    first = {leaf.id for arg in call.args[:1] for leaf in ast.walk(arg) if isinstance(leaf, ast.Name)}
    if name in _DESK_MODELS or (name in {"setattr", "bulk_update", "save"} and _texts(call) & _DESK_COLUMNS):
        return f"calls {name}"
    if _STATEMENTS.fullmatch(name) and first & _DESK_MODELS:
        return f"compiles {name}"
    if re.fullmatch(r"(Compiled)?Update|" + _WRITES.pattern, name) is None:
        return ""
    written = {keyword.arg for keyword in call.keywords} | _texts(call)
    if "create" in name and words & {*_DESK_MODELS, "events", "opportunities"}:
        return f"calls {name}"
    if written & _DESK_COLUMNS:
        return f"{name} writes {written & _DESK_COLUMNS}"
    # What stands behind two stars is not seen: of these tables it may be anything.
    hidden = None in written and words & {"Opportunity", "Client"}
    return f"{name} hides what it writes" if hidden else ""


def _named(node: ast.AST) -> set[str]:
    """The names and attributes of an expression."""
    leaves = list(ast.walk(node))
    names = {leaf.id for leaf in leaves if isinstance(leaf, ast.Name)}
    return names | {leaf.attr for leaf in leaves if isinstance(leaf, ast.Attribute)}


def _texts(call: ast.Call) -> set[str]:
    """The names of columns that a call may be told as words: alone, in a list, or as a mapping's keys."""
    words: set[str] = set()
    for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
        parts = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [value])
        words |= {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return words


def test_only_the_machine_writes_an_opportunitys_state_clock_and_history() -> None:
    rooms = ("opportunities", "leadmaster/legacy")
    found = {path: writes for path, tree in sources(*rooms) if (writes := desk_writes(tree))}

    doors = {*_DESK_DOORS, _REMINDERS_DOOR}
    assert set(found) == doors, {path: writes for path, writes in found.items() if path not in doors}


def test_only_the_machine_and_whoever_knows_the_source_write_availability() -> None:
    def mentions(tree: ast.Module) -> bool:
        return any("availability" in what for what in desk_writes(tree))

    assert {path for path, tree in sources() if mentions(tree)} == _DESK_DOORS


@pytest.mark.parametrize(
    "source",
    [
        "row.state = S.POOL",
        "row.deadline = None",
        "setattr(row, 'paused_seconds', 3)",
        "rows.update(deadline=None)",
        "Opportunity.objects.filter(pk=1).update(**fields)",
        "rows.update(**{'state': 'pool'})",
        "Client.objects.filter(pk=1).update(**{**given})",
        "Client.objects.filter(pk=1).update(availability='pool')",
        "Client.objects.create(availability='tomado')",
        "Opportunity(client=client, state='pool')",
        "Opportunity.objects.create(client=client)",
        "Opportunity.objects.create(**given)",
        "Opportunity.objects.bulk_create(rows)",
        "Opportunity.objects.update_or_create(pk=1, defaults={'state': 'pool'})",
        "client.opportunities.create(team=team)",
        "Opportunity.objects.bulk_update(rows, ['deadline'])",
        "row.save(update_fields=['state', 'version'])",
        "OpportunityEvent(opportunity=row)",
        "OpportunityEvent.objects.create(opportunity=row)",
        "row.events.create(kind='nota')",
        "OpportunityEvent.objects.bulk_create(lines)",
        "CompiledCopy(OpportunityEvent, lambda: rows, opportunity=F('id'))",
        "CompiledUpdate(lambda: rows, deadline=None)",
        "cursor.execute('UPDATE opportunities_opportunity SET version = 1')",
        "cursor.execute('insert into `opportunities_opportunityevent` values (1)')",
    ],
)
def test_what_is_written_beside_the_desks_door_is_seen(source: str) -> None:
    assert desk_writes(ast.parse(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "Opportunity.objects.filter(state='pool', deadline__lte=now)",
        "machine.change(rows, target, clock=clock)",
        "Absence.objects.filter(pk=1).update(ended_at=now)",
        "Desk.objects.filter(pk=1).update(**given)",
        "free = row.deadline is None",
    ],
)
def test_what_only_reads_them_is_no_write(source: str) -> None:
    assert desk_writes(ast.parse(source)) == []


def test_clocks_are_made_in_their_room_alone() -> None:
    def makes(tree: ast.Module) -> bool:
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        return any(getattr(call.func, "id", getattr(call.func, "attr", "")) == "Countdown" for call in calls)

    makers = {path for path, tree in sources("opportunities") if makes(tree)}

    # The door makes the clock of what has none.
    assert {path for path in makers if not path.startswith("opportunities/clocks/")} == {_DESK_DOOR}


# --- Words ------------------------------------------------------------------------------------------------------------

# Put together here, so that this file does not contain what it looks for.
_FORBIDDEN = {
    # (The Spanish word in capitals is no such note.)
    "unfinished work": r"(#|//|--)\s*(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|\b(TO" + r"DO|FIX" + r"ME)[:(]",
    "a test that does not run": r"pytest\.mark\.(" + "|".join(["sk" + "ip", "xf" + "ail"]) + r")|pytest\.sk" + r"ip\(",
    "code that coverage may not see": "pragma: no " + "cover",
    "a path of somebody's machine": r"(?<![\w.])/(" + "|".join(["wo" + "rk", "ro" + "ot", "home/" + r"\w+"]) + r")/",
}


@pytest.mark.parametrize("what", _FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    pattern = re.compile(_FORBIDDEN[what])

    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]

    assert found == []


def test_file_lists_are_not_empty() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in project_files()}

    assert {"Makefile", "README.md", "deploy/run", "campaigns/models/envio.py", "tests/test_project.py"} <= names
    assert not any(name.startswith((".venv", "var/")) for name in names)
