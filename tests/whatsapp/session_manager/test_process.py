"""The session manager as a process: what it needs to start, one per directory, and how it ends."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.simulator import REPOSITORY
from tests.whatsapp.session_manager.running import KEY, running
from whatsapp.session_manager import child_phone
from whatsapp.session_manager.process import Configuration, StartError


def test_it_does_not_start_without_its_library_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(CommandError, match=r"requirements/session_manager\.txt"):
        call_command("session_manager")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"host": "0.0.0.0"}, "SESSION_MANAGER_TOKEN"),
        ({"host": "10.0.0.7"}, "SESSION_MANAGER_TOKEN"),
        ({"callback_url": "http://localhost/{cliente_id}"}, "SESSION_MANAGER_WEBHOOK_SECRET"),
    ],
)
def test_what_would_be_open_to_everybody_is_refused(tmp_path: Path, values: dict[str, str], sentence: str) -> None:
    with pytest.raises(StartError, match=sentence):
        Configuration(directory=tmp_path, runtime=tmp_path, key_hex=KEY, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_alone_needs_no_token(tmp_path: Path, host: str) -> None:
    assert Configuration(directory=tmp_path, runtime=tmp_path, key_hex=KEY, host=host).token == ""


def test_a_second_one_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    with running(tmp_path), pytest.raises(StartError, match="another session manager"), running(tmp_path):
        pass
    with running(tmp_path):
        pass  # the first one let go of it


def test_two_of_one_user_share_the_place_in_memory_and_none_of_its_files(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    with running(tmp_path / "one", memory=memory) as one, running(tmp_path / "two", memory=memory) as two:
        one.link(phone="+5491155550001")
        two.link(phone="+5491155550002")
        assert len(list(memory.glob("*/51.sqlite3"))) == 2


def test_what_a_manager_writes_is_nobody_elses_to_read(tmp_path: Path) -> None:
    with running(tmp_path) as manager:
        manager.link()
        found = [path for path in tmp_path.rglob("*") if path.is_file() or path.is_dir()]
        assert len(found) > 6
        # SQLite gives its helper files the mode of the database itself.
        assert [path for path in found if path.stat().st_mode & 0o077] == []


@pytest.mark.neonize
def test_the_real_phone_dials_fails_says_so_tries_again_and_ends(tmp_path: Path) -> None:
    """As far as it goes without WhatsApp: its way there is a closed port of this machine."""
    environment = {
        **os.environ,
        "DEBUG": "true",
        "SESSION_MANAGER_DIR": str(tmp_path / "disk"),
        "SESSION_MANAGER_RUNTIME_DIR": str(tmp_path / "memory"),
        "SESSION_MANAGER_PROXY": "socks5://127.0.0.1:9",
        "SESSION_MANAGER_TOKEN": "",
        "SESSION_MANAGER_WEBHOOK_SECRET": "",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "session_manager", "--port", "0"],
        cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        base_url = process.stdout.readline().split()[-1]
        headers = {"X-Cliente-Id": "51"}
        assert requests.post(f"{base_url}/connect", headers=headers, timeout=30).status_code == 202
        end, status = time.monotonic() + 60, dict[str, str]()
        while status.get("reason") != "NETWORK" and time.monotonic() < end:
            time.sleep(0.1)
            status = requests.get(f"{base_url}/status", headers=headers, timeout=30).json()
        assert (status["state"], status["reason"]) == ("CONNECTING", "NETWORK")
    finally:
        process.send_signal(signal.SIGTERM)
        _said, told = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "failed to dial" in told
    assert "the next try in" in told
    assert list((tmp_path / "memory").glob("*/*")) == []


def test_the_phones_program_is_the_only_module_that_knows_the_library() -> None:
    source = REPOSITORY / "whatsapp"
    knows = {path.name for path in source.rglob("*.py") if '"neonize' in path.read_text(encoding="utf-8")}
    assert knows == {"neonize_program.py", "session_manager.py"}  # the command only asks whether it is installed
    assert child_phone.PROGRAM[-1] == "whatsapp.session_manager.neonize_program"
