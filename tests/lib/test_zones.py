"""The pinned time zone data counts, whatever the host brings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadmaster.lib import zones
from leadmaster.ops.checks import zones_are_pinned

_ASK = (
    "import {first}datetime, zoneinfo;"
    "at = datetime.datetime(2026, 1, 15, 12, tzinfo=zoneinfo.ZoneInfo('America/Mexico_City'));"
    "print(at.utcoffset().total_seconds() / 3600)"
)


def offset(first: str, host: Path) -> float:
    """Hours east of Greenwich in Mexico City, on a host with these files."""
    run = subprocess.run(
        [sys.executable, "-c", _ASK.format(first=first)],
        env={**os.environ, "PYTHONTZPATH": str(host)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(run.stdout)


def test_a_host_with_other_files_does_not_move_a_deadline(tmp_path: Path) -> None:
    (tmp_path / "America").mkdir()
    # A zone without a rule: UTC under another name.
    utc = b"TZif" + b"\0" * 16 + (0).to_bytes(4, "big") * 4 + (1).to_bytes(4, "big") + (4).to_bytes(4, "big")
    (tmp_path / "America" / "Mexico_City").write_bytes(utc + b"\0" * 6 + b"UTC\0")

    assert offset("", tmp_path) == 0, "the host's file has to be readable, or this proves nothing"
    assert offset("leadmaster, ", tmp_path) == -6


def test_a_machine_whose_package_is_another_one_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert zones_are_pinned() == []

    monkeypatch.setattr(zones, "installed_version", lambda: "2019.1")
    [error] = zones_are_pinned()
    assert "2019.1" in error.msg
    assert error.id == "ops.E005"


def test_a_path_that_somebody_set_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.TZPATH", ("/usr/share/zoneinfo",))

    assert [error.id for error in zones_are_pinned()] == ["ops.E005"]


@pytest.mark.parametrize(
    "name",
    ["", "Luna/Mar", "America", "America/Argentina", "x" * 300, "x" * 100_000, "\x00", "../UTC", "/etc/passwd", "ñ"],
)
def test_what_names_no_zone_is_none(name: str) -> None:
    assert zones.zone_named(name) is None


def test_a_zone_is_named() -> None:
    zone = zones.zone_named("America/Argentina/Cordoba")

    assert zone is not None
    assert zone.key == "America/Argentina/Cordoba"
