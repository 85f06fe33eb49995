"""The scripts behind `make`: secrets written once, tests chosen and added up, servers to throw away."""

from __future__ import annotations

import os
import re
import runpy
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from pytest_django import Settings

ROOT = Path(__file__).resolve().parent.parent


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "deploy" / script), *arguments], capture_output=True, text=True, check=False
    )


def values(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_env_is_written_with_secrets_of_its_own_that_only_its_owner_reads(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"

    assert run("write_env.py", str(one)).returncode == 0
    run("write_env.py", str(other))

    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    secrets = values(one)
    assert set(secrets) == {
        "SECRET_KEY",
        "FIELD_ENCRYPTION_KEY",
        "SESSION_MANAGER_TOKEN",
        "SESSION_MANAGER_WEBHOOK_SECRET",
    }
    assert re.fullmatch("[0-9a-f]{64}", secrets["FIELD_ENCRYPTION_KEY"])
    assert min(len(secret) for secret in secrets.values()) >= 40
    assert len({*secrets.values(), *values(other).values()}) == 8


def test_an_env_that_is_there_is_never_touched(tmp_path: Path) -> None:
    mine = tmp_path / ".env"
    mine.write_text("SECRET_KEY=mine\n", encoding="utf-8")

    assert run("write_env.py", str(mine)).returncode == 0

    assert mine.read_text(encoding="utf-8") == "SECRET_KEY=mine\n"


def test_a_setting_that_is_wrong_stops_a_command_with_its_sentence_alone() -> None:
    process = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "SENDER_SLOTS": "many"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode != 0
    assert process.stderr == ("LeadMaster does not start: SENDER_SLOTS is 'many'. Write a whole number from 1 to 64.\n")


@pytest.mark.parametrize(("level", "chatters"), [("INFO", False), ("DEBUG", True)])
def test_the_queues_chatter_is_for_debugging(level: str, chatters: bool) -> None:
    ask = "import logging; print(logging.getLogger('django-q').isEnabledFor(logging.INFO))"
    process = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", ask],
        cwd=ROOT,
        env={**os.environ, "LOG_LEVEL": level, "DJANGO_SETTINGS_MODULE": "leadmaster.settings", "DEBUG": "true"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.stdout.split()[-1] == str(chatters), process.stderr


def report(path: Path, **counts: int) -> str:
    numbers = " ".join(f'{name}="{count}"' for name, count in counts.items())
    path.write_text(f"<testsuites><testsuite {numbers}/></testsuites>", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("second", "line", "status"),
    [
        ({"tests": 5, "failures": 0, "errors": 0, "skipped": 0}, "15 passed, 0 failed", 0),
        ({"tests": 5, "failures": 1, "errors": 1, "skipped": 0}, "13 passed, 2 failed", 1),
        ({"tests": 5, "failures": 0, "errors": 0, "skipped": 2}, "13 passed, 0 failed, 2 skipped", 0),
    ],
)
def test_results_of_several_runs_end_in_one_line(
    tmp_path: Path, second: dict[str, int], line: str, status: int
) -> None:
    paths = [
        report(tmp_path / "a.xml", tests=10, failures=0, errors=0, skipped=0),
        report(tmp_path / "b.xml", **second),
    ]

    process = run("add_up_tests.py", *paths)

    assert process.stdout.splitlines()[-1] == line
    assert process.returncode == status


def test_a_run_without_tests_is_no_success(tmp_path: Path) -> None:
    assert run("add_up_tests.py", report(tmp_path / "a.xml", tests=0)).returncode == 1


def test_the_slowest_tests_are_named_with_their_part(tmp_path: Path) -> None:
    cases = "".join(f'<testcase classname="tests.a" name="test_{n}" time="{n}.5"/>' for n in range(25))
    path = tmp_path / "sqlite.xml"
    path.write_text(f'<testsuites><testsuite tests="25" time="61.2">{cases}</testsuite></testsuites>', encoding="utf-8")

    lines = run("add_up_tests.py", str(path)).stdout.splitlines()

    assert lines[1:3] == ["The slowest:", "    24.5 s  sqlite: tests.a::test_24"]
    assert sum("sqlite: tests.a::test_" in line for line in lines) == 20
    assert "    61.2 s  sqlite" in lines


# --- The tests nearest to a change ------------------------------------------------------------------------------------

_HOUSE = {
    "opportunities/__init__.py": "",
    "opportunities/state/__init__.py": "",
    "opportunities/state/machine.py": "",
    "opportunities/state/other.py": "",
    "opportunities/timers/__init__.py": "",
    "opportunities/timers/expiry.py": "from opportunities.state import machine",
    "opportunities/far/__init__.py": "",
    "opportunities/far/away.py": "from opportunities.timers import expiry",
    "tests/opportunities/state/test_machine.py": "from opportunities.state import machine",
    "tests/opportunities/state/test_other.py": "",
    "tests/opportunities/test_story.py": "import opportunities.state.machine",
    "tests/opportunities/timers/test_expiry.py": "",
    "tests/opportunities/far/test_away.py": "",
    "tests/opportunities/web/test_page.py": "",
    "tests/people.py": "",
    "tests/helping.py": "from tests import people",
    "tests/opportunities/far/test_helped.py": "from tests.helping import x",
    "tests/opportunities/timers/conftest.py": "from tests.people import x",
    "tests/faults/test_crashes.py": "from opportunities.state import machine",
    "tests/test_project.py": "",
    "tests/test_translations.py": "",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name, text in _HOUSE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        (
            ["opportunities/state/machine.py"],
            [
                "tests/opportunities/state/test_machine.py",
                "tests/opportunities/state/test_other.py",
                "tests/opportunities/test_story.py",
                "tests/opportunities/timers/test_expiry.py",
                "tests/test_project.py",
                "tests/faults/test_crashes.py",
            ],
        ),
        (
            ["tests/people.py"],
            [
                "tests/opportunities/far/test_helped.py",
                "tests/opportunities/timers/test_expiry.py",
                "tests/test_project.py",
            ],
        ),
        (["tests/faults/test_crashes.py"], ["tests/faults/test_crashes.py", "tests/test_project.py"]),
        (["templates/opportunities/list.html"], ["tests/opportunities/web/test_page.py", "tests/test_project.py"]),
        (
            ["leadmaster/locale/en/LC_MESSAGES/django.po"],
            ["tests/test_translations.py", "tests/test_project.py"],
        ),
        (["opportunities/state/gone.py"], None),
    ],
)
def test_the_tests_of_a_change_are_its_own_its_rooms_and_those_of_who_imports_it(
    house: Path, changed: list[str], tests: list[str] | None
) -> None:
    """Nearest first; crashes last, unless they are what changed."""
    nearest = runpy.run_path(str(ROOT / "deploy" / "changed_tests.py"))["nearest"]
    room = ["tests/opportunities/state/test_machine.py", "tests/opportunities/state/test_other.py"]

    assert nearest(changed, house) == (tests or [*room, "tests/test_project.py"])


# --- A MySQL server of one's own --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "there"),
    [
        ("mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)", False),
        ("mysqld  Ver 9.7.0 for Linux on x86_64 ((Debian))", True),
    ],
)
def test_mariadb_is_not_taken_for_mysql(tmp_path: Path, version: str, there: bool) -> None:
    program = tmp_path / "mysqld"
    program.write_text(f"#!/bin/sh\necho '{version}'\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "MYSQLD": str(program)}

    looked = subprocess.run([ROOT / "deploy/mysql-throwaway", "--there"], env=environment, check=False)

    assert (looked.returncode == 0) is there


def test_where_no_mysqld_is_its_tests_say_that_they_did_not_run() -> None:
    environment = {**os.environ, "MYSQLD": "/nowhere/mysqld"}

    done = subprocess.run([ROOT / "deploy/test", "mysql"], env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "SKIPPED, nothing was tested" in done.stdout


# --- Commits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "right"),
    [
        ("desk: Refuse stale bulk decisions", True),
        ("tests, docs: Drop what nobody reads", True),
        (f"desk: {'x' * 66}", True),
        (f"desk: {'x' * 67}", False),
        ("Refuse stale bulk decisions", False),
        ("Desk: refuse", False),
        ("desk:refuse", False),
        ("desk: ", False),
    ],
)
def test_a_subject_says_area_and_what(subject: str, right: bool) -> None:
    wrong_with = runpy.run_path(str(ROOT / "deploy" / "commit_subjects.py"))["wrong_with"]

    assert (wrong_with(subject) == "") is right


def test_only_what_is_not_on_main_yet_is_looked_at(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        as_somebody = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        subprocess.run(["git", *as_somebody, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def look() -> subprocess.CompletedProcess[str]:
        script = str(ROOT / "deploy" / "commit_subjects.py")
        return subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)

    git("init", "-b", "main")
    git("commit", "--allow-empty", "-m", "Older habits")
    git("checkout", "-b", "mine")
    git("commit", "--allow-empty", "-m", "desk: Refuse stale decisions")
    assert look().returncode == 0

    git("commit", "--allow-empty", "-m", "Whatever")
    done = look()
    assert (done.returncode, "Whatever" in done.stdout, "Older" in done.stdout) == (1, True, False)


# --- What is kept on disk ---------------------------------------------------------------------------------------------


def test_what_is_kept_is_its_owners_alone(tmp_path: Path, settings: Settings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    kept = FileSystemStorage().save("imports/gente.csv", ContentFile(b"351"))

    assert stat.S_IMODE((settings.MEDIA_ROOT / kept).stat().st_mode) == 0o600
    assert stat.S_IMODE((settings.MEDIA_ROOT / kept).parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(settings.VAR_DIR.stat().st_mode) == 0o700
    units = list((settings.BASE_DIR / "deploy" / "systemd").glob("*.service"))
    assert units
    assert all("\nUMask=0077\n" in unit.read_text() for unit in units)
