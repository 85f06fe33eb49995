"""What is left to SQLite is there, and what is tried on both databases is not among it by mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.databases import ON_SQLITE_ALONE, left_to_sqlite, runs_on_a_server

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("room", ON_SQLITE_ALONE)
def test_every_room_that_is_left_to_sqlite_is_there(room: str) -> None:
    assert (ROOT / room).exists()


@pytest.mark.parametrize(
    ("path", "alone"),
    [
        ("tests/opportunities/web/test_capture.py", True),
        ("tests/opportunities/admin/people/test_lots.py", True),
        ("tests/test_deploy.py", True),
        ("tests/opportunities/assignment/test_capture.py", False),
        ("tests/campaigns/engine/test_send.py", False),
        ("tests/a_new_room/test_something.py", False),
        # The name of a room is no prefix of another's.
        ("tests/opportunities/webhooks/test_something.py", False),
    ],
)
def test_a_file_is_left_to_sqlite_by_its_room(path: str, alone: bool) -> None:
    assert left_to_sqlite(path) is alone


@pytest.mark.parametrize(
    ("path", "source", "read"),
    [
        ("tests/campaigns/api/test_x.py", "pytestmark = pytest.mark.django_db", False),
        ("tests/campaigns/api/test_x.py", "@pytest.mark.every_database", True),
        ("tests/campaigns/api/test_x.py", "pytestmark = [pytest.mark.django_db, pytest.mark.mariadb]", True),
        ("tests/campaigns/engine/test_x.py", "", True),
    ],
)
def test_a_file_is_read_on_a_server_where_something_of_it_runs_there(path: str, source: str, read: bool) -> None:
    assert runs_on_a_server(path, source) is read


def test_nothing_is_left_to_sqlite_that_never_runs_there() -> None:
    """`deploy/test` starts Chromium and chaos beside a server alone."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        name = path.relative_to(ROOT).as_posix()
        if left_to_sqlite(name):
            marked = re.search(
                r"^pytestmark = .*mark\.(browser|chaos)\b|^@pytest\.mark\.(browser|chaos)\b",
                path.read_text("utf-8"),
                re.MULTILINE,
            )
            assert not marked, f"{name} runs nowhere: take it off ON_SQLITE_ALONE"


def test_threads_that_meet_in_the_database_meet_on_a_server() -> None:
    """SQLite has one writer: whatever starts threads that write proves little there alone."""
    starts = re.compile(r"ThreadPoolExecutor|threading\.Thread\(|import .*\bat_once\b")
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT).as_posix()
        if left_to_sqlite(name) and "django_db" in source and starts.search(source):
            assert "every_database" in source or "mark.mariadb" in source, name
