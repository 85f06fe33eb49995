"""The scripts behind `make`: secrets written once, test results added up."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

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
