"""Every variable that the settings read, with a value that is wrong: told by its name, before anything starts."""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from leadmaster.directory.sync.mapping import Mapping, parse_mapping
from leadmaster.lib import env

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "leadmaster" / "settings.py"

_NUMBER = (("many", "Write a whole number"), ("-1", "Write a whole number"), ("1e3", "Write a whole number"))
_YES_OR_NO = (("maybe", "Write true or false"), ("2", "Write true or false"))
_FOLDER = ((__file__, "Write the path of a folder"), (f"{__file__}/deeper", "Write the path of a folder"))
_UNSEEN = ("abc\u200bdef", "Write it anew")
_ZONE = tuple((value, "Write one such as") for value in ("Cordoba", "America", "../etc/passwd", "/etc/passwd"))

# Variable → wrong values, each with words of its cure.
WRONG: dict[str, tuple[tuple[str, str], ...]] = {
    "DEBUG": _YES_OR_NO,
    "SECRET_KEY": (("", "Write SECRET_KEY="), _UNSEEN),
    "FIELD_ENCRYPTION_KEY": (
        ("", "Write FIELD_ENCRYPTION_KEY="),
        ("abc", "64 hex digits"),
        ("g" * 64, "64 hex digits"),
    ),
    "FIELD_ENCRYPTION_OLD_KEYS": (
        ("abc", "64 hex digits"),
        (f"{'0' * 64},hunter2", "64 hex digits"),
        (",".join(digit * 64 for digit in "123"), "up to 2 keys"),
    ),
    "ALLOWED_HOSTS": tuple(
        (value, "Write names alone")
        for value in ("https://example.com", "example.com:8000", "a b", "::1", "[::1", "*.example.com", "10.0.0.256")
    ),
    "CSRF_TRUSTED_ORIGINS": tuple(
        (value, "Write scheme and host alone")
        for value in ("example.com", "https://", "https://example.com/", "ftp://example.com", "https://a:99999", "*")
    ),
    "BEHIND_TLS": _YES_OR_NO,
    "DATABASE_URL": (
        ("zzz", "Write sqlite:///"),
        ("postgres://user:hunter2@host/name", "Write sqlite:///"),
        ("mysql://user:hunter2@host:3306", "Write sqlite:///"),
        ("mysql://user:hunter2@host:99999/name", "Write sqlite:///"),
        ("mysql:///name", "Write sqlite:///"),
        ("sqlite:x", "Write sqlite:///"),
        ("sqlite:////no/such/folder/file.sqlite3", "Make the folder"),
        ("sqlite:////", "Name a file"),
        (f"sqlite:///{ROOT}/tests", "Name a file"),
        (f"sqlite:///{__file__}/file.sqlite3", "Make the folder"),
    ),
    "LOGIN_FAILURES_PER_ADDRESS": _NUMBER,
    "SESSION_IDLE_MINUTES": _NUMBER,
    "API_TOKEN_DAYS": _NUMBER,
    "TIME_ZONE": _ZONE,
    "MEDIA_ROOT": _FOLDER,
    "UNCONFIRMED_UPLOADS_DAYS": _NUMBER,
    "RETENTION_TEXT_DAYS": _NUMBER,
    "RETENTION_UPLOAD_DAYS": _NUMBER,
    "RETENTION_REPORT_DAYS": _NUMBER,
    "PERSON_REST_HOURS": _NUMBER,
    "CANARY_SIZE": _NUMBER,
    "HALF_DEAF_AFTER": _NUMBER,
    "WARM_UP_START": _NUMBER,
    "WARM_UP_GROWTH": _NUMBER,
    "ERROR_RATE_ALERT": _NUMBER,
    "ERROR_RATE_PAUSE": _NUMBER,
    "ERROR_RATE_MIN_TRIES": _NUMBER,
    "RECONCILE_UNCERTAIN_HOURS": _NUMBER,
    "AUTO_CAMPAIGNS_ENABLED": _YES_OR_NO,
    "DIAG_SENDER": _YES_OR_NO,
    "REPLIES_PER_HOUR": _NUMBER,
    "WHATSAPP_DAILY_LIMIT": _NUMBER,
    "SENDER_SLOTS": _NUMBER,
    "SENDER_THREADS": _NUMBER,
    "SENDER_JOURNAL_DIR": _FOLDER,
    "SESSION_MANAGER_BASE_URL": (
        *(
            (value, "Write an address with scheme, host and port")
            for value in ("localhost:3011", "http://", "http://[::1", "http://a:99999", "http://a b:3011", "ftp://a")
        ),
        ("http://localhost:3011/health", "Write only the address"),
        ("http://user:hunter2@localhost:3011", "Write scheme, host and port"),
        ("http://localhost:8000", "Write the session manager's address"),
    ),
    "SESSION_MANAGER_TOKEN": (("Bearer abc", "Write the token alone"), ("contraseña", "Write the token alone")),
    "GATEWAY_HOSTS": tuple(
        (value, "Write machines alone")
        for value in ("http://a", "a/b", "a:x", "a:0", "a:", "*", "user:hunter2@a", "a b", "::1")
    ),
    "SESSION_MANAGER_WEBHOOK_SECRET": (_UNSEEN, ("abc\udcffdef", "Write it anew")),
    "SESSION_MANAGER_DIR": _FOLDER,
    "SESSION_MANAGER_RUNTIME_DIR": _FOLDER,
    "SESSION_MANAGER_PROXY": (("abc\udcffdef", "Write it anew"),),
    "SESSION_MANAGER_SEND_TIMEOUT": (*_NUMBER, ("120", "Write a number from 5 to 99")),
    "CLIENTS_DATABASE_URL": tuple(
        (value, "Write mysql://")
        for value in ("oracle://user:hunter2@host/name", "mysql://user:hunter2@host", "postgres://a:x/b", "mysql://")
    ),
    "CLIENTS_MAPPING": tuple(
        (value, "Write JSON such as")
        for value in (
            "{",
            '{"city": 1}',
            '{"ciudad": "x"}',
            '{"city": "a", "city": "b"}',
            '["city"]',
            "city",
            "=x",
            "{}}",
        )
    ),
    "CLIENTS_REGION": (("QQ", "Write its two letters"), ("Mexico", "Write its two letters"), ("M", "Write its two")),
    "CLIENTS_TIME_ZONE": _ZONE,
    "CLIENTS_SYNC_MINUTES": _NUMBER,
    "CLIENTS_FULL_SYNC_HOURS": _NUMBER,
    "Q_WORKERS": _NUMBER,
    "ALERT_EMAILS": tuple(
        (value, "Write addresses with commas between") for value in ("notmail", "a@b.com;c@d.com", "Ana <ana@b.com>")
    ),
    "ALERT_WEBHOOK_URL": (
        ("chat.example.com", "Write an address with scheme"),
        ("https://user:hunter2@", "Write an address with scheme"),
        ("https://chat.example.com/hook", "Write a long random ALERT_WEBHOOK_SECRET"),
    ),
    "ALERT_WEBHOOK_SECRET": (_UNSEEN,),
    "AI_BASE_URL": (("api.example.com/v1", "Write an address with scheme"),),
    "AI_API_KEY": (("Bearer hunter2hunter2", "Write the token alone"),),
    "AI_MODEL": (_UNSEEN,),
    "ALERT_REMINDER_HOURS": _NUMBER,
    "ALERT_QUIET_HOURS": tuple(
        (value, "Write two hours of a day") for value in ("22", "22:00", "22:00-24:00", "7:00-07:00", "de 22 a 7")
    ),
    "WEB_PUSH_KEY": tuple((value, "is no key") for value in ("x", "A" * 42, "ñ" * 43, "A" * 43)),
    "WEB_PUSH_SERVICES": (("push.example.com", "Write scheme and host alone"),),
    "METRICS_TOKEN": (("Bearer abcdefghijklmnop", "Write the token alone"), ("short", "Write at least 16")),
    "METRICS_ALLOW": tuple(
        (value, "Write addresses or networks alone")
        for value in ("monitor.example.com", "10.0.0.256", "10.0.0.7/8", "*")
    ),
    "WEB_PORT": (*_NUMBER, ("65536", "Write a whole number")),
    "EMAIL_URL": tuple(
        (value, "Write smtp+tls://")
        for value in (
            "zzz",
            "imap://host",
            "smtp://",
            "smtp://user:hunter2@host:x",
            "smtp+tls://user:hunter2#x@host:587",
        )
    ),
    "DEFAULT_FROM_EMAIL": (("nobody", "Write one such as"), ("Lead <master", "Write one such as")),
    "LOG_LEVEL": (("loud", "Write one of DEBUG"),),
}


def read_by_the_settings() -> set[str]:
    """The first argument of every `env.…(…)` there."""
    calls = (node for node in ast.walk(ast.parse(SETTINGS.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return {
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_every_setting_has_its_wrong_values_here() -> None:
    source = SETTINGS.read_text(encoding="utf-8")

    assert read_by_the_settings() == set(WRONG)
    assert len(WRONG) > 35
    assert not re.search(r"os\.environ|getenv", source), "read it through leadmaster.lib.env"


def start() -> str:
    """What a start says that reads the settings and asks the checks; empty when it goes on."""
    try:
        values = {name: value for name, value in runpy.run_path(str(SETTINGS)).items() if name.isupper()}
    except ImproperlyConfigured as error:
        return str(error)
    asked = {name: values[name] for name in WRONG if name in values}
    with override_settings(**asked):
        messages = [message for check in ours() for message in check(app_configs=None, databases=None)]
    return "\n".join(f"{message.msg} {message.hint or ''}" for message in messages if message.is_serious())


def ours() -> list[Callable[..., Any]]:
    """The start-up checks of the product's own: those of models look at nothing that a variable says."""
    return [
        check for check in registry.get_checks() if check.__module__.startswith(("leadmaster", "whatsapp", "campaigns"))
    ]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "false")
    monkeypatch.setenv("DATABASE_URL", "sqlite://:memory:")


def test_without_a_wrong_value_it_starts() -> None:
    assert start() == ""


@pytest.mark.parametrize(
    ("name", "value", "cure"), [(name, value, cure) for name, rows in WRONG.items() for value, cure in rows]
)
def test_a_wrong_value_is_told_by_name_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, cure: str
) -> None:
    monkeypatch.setenv(name, value)

    told = start()

    assert name in told
    assert cure in told
    assert "hunter2" not in told


RIGHT: dict[str, tuple[str, ...]] = {
    "ALLOWED_HOSTS": ("*", ".example.com,example.com", "[::1],127.0.0.1", "web_1"),
    "CSRF_TRUSTED_ORIGINS": ("https://example.com,https://*.example.com:8443", "http://[::1]:8000"),
    "DATABASE_URL": ("mysql://user:p%40ss@host:3306/name", "mysql://user@/name?unix_socket=/run/mysqld/mysqld.sock"),
    "GATEWAY_HOSTS": ("gateway.example.com,10.0.0.7:3011,[::1]:3011",),
    "CLIENTS_DATABASE_URL": ("clientes.csv", "/data/base.sqlite3", "postgresql://u:p@h/n", "sqlite:///data/base.db"),
    "CLIENTS_MAPPING": ('{"city": "town", "contact_columns": ["a", "b"]}', "city=town, updated_at="),
    "CLIENTS_REGION": ("ar",),
    "ALERT_EMAILS": ("ana@example.com, luis@example.com", ""),
    "ALERT_WEBHOOK_URL": ("",),
    "AI_BASE_URL": ("http://localhost:11434/v1", ""),
    "EMAIL_URL": (
        "smtp+tls://user%40example.com:p%23@host:587",
        "smtp://localhost",
        "filemail:///tmp/mails",
        "dummymail://",
    ),
    "DEFAULT_FROM_EMAIL": ("LeadMaster <leadmaster@example.com>", "leadmaster@localhost"),
    "SESSION_MANAGER_BASE_URL": ("http://[::1]:3011/", "https://gateway.example.com/base", "http://gateway_1:3011"),
    "MEDIA_ROOT": ("/no/such/folder/yet",),
    "FIELD_ENCRYPTION_OLD_KEYS": ("a" * 64, f"{'b' * 64}, {'C' * 64}"),
    "ALERT_QUIET_HOURS": ("22:00-07:30", "9:05 - 18:00"),
    "WEB_PUSH_KEY": ("A" * 42 + "E",),
    "METRICS_TOKEN": ("0123456789abcdef",),
    "METRICS_ALLOW": ("10.0.0.7, 10.1.0.0/16,::1,fd00::/8",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values])
def test_a_right_value_starts(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    assert start() == ""


@pytest.mark.parametrize("what", ["folder", "file"])
def test_an_sqlite_file_that_this_user_may_not_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    database = tmp_path / "closed" / "leadmaster.sqlite3"
    database.parent.mkdir()
    database.touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    temporary = Path(tempfile.gettempdir())
    for folder in (tmp_path, *(above for above in tmp_path.parents if temporary in above.parents)):
        folder.chmod(0o755)
    database.chmod(0o666 if what == "folder" else 0o444)
    database.parent.chmod(0o555 if what == "folder" else 0o777)

    with as_nobody():
        told = start()

    assert told.startswith("DATABASE_URL names an SQLite file")
    assert str(database.parent) in told
    assert "Give it the" in told


class as_nobody:  # noqa: N801 - reads as a sentence
    """Root may write everywhere; whoever else runs the tests may not as it is."""

    def __enter__(self) -> None:
        self._root = os.geteuid() == 0
        if self._root:
            os.seteuid(65534)

    def __exit__(self, *_unused: object) -> None:
        if self._root:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"SECRET_KEY=abc\nWEB_PORT = 8001\n", "Line 2 of .*/.env is not understood. Write NAME=value"),
        (b"ALERT_EMAILS=ana@example.com\n- more\n", "Line 2 of"),
        (b"SECRET_KEY=\xff\xfe\n", "cannot be read .*Write it as a text file"),
    ],
)
def test_a_line_of_the_file_that_would_be_skipped_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / ".env").write_bytes(content)

    with pytest.raises(ImproperlyConfigured, match=says):
        env.read_file(tmp_path / ".env")


def test_the_file_is_read_and_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADMASTER_ONE", "mine")
    monkeypatch.setenv("LEADMASTER_TWO", "")
    monkeypatch.delenv("LEADMASTER_TWO")
    file = tmp_path / ".env"
    file.write_text("# words\n\nexport LEADMASTER_ONE=yours\nLEADMASTER_TWO='two words'\n", encoding="utf-8")

    env.read_file(file)
    env.read_file(tmp_path / "missing")

    assert (env.text("LEADMASTER_ONE"), env.text("LEADMASTER_TWO")) == ("mine", "two words")


def without_a_traceback(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    process = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "leadmaster.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert process.returncode != 0
    assert "Traceback" not in process.stderr + process.stdout
    return process


def test_a_database_that_cannot_be_there_is_a_sentence() -> None:
    process = without_a_traceback("manage.py", "migrate", DATABASE_URL="sqlite:////no/such/folder/file.sqlite3")

    assert process.stderr == (
        "LeadMaster does not start: DATABASE_URL names an SQLite file whose folder /no/such/folder does not exist. "
        "Make the folder, or write sqlite:///path/to/another/file.\n"
    )


def test_a_mapping_that_is_broken_stops_every_command() -> None:
    process = without_a_traceback("manage.py", "tick", CLIENTS_MAPPING="{")

    assert "(directory.E001) CLIENTS_MAPPING: it is no JSON from character" in process.stderr


def test_the_web_server_ends_with_the_sentence_and_does_not_try_again() -> None:
    process = without_a_traceback("-m", "gunicorn", "leadmaster.wsgi", "--bind", "127.0.0.1:0", CLIENTS_REGION="QQ")

    assert process.returncode == 3
    assert "LeadMaster does not start: CLIENTS_REGION is 'QQ'" in process.stderr


def _row_of_the_readme(name: str) -> str:
    return next(
        line
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{name}` |")
    )


def test_the_mapping_in_the_readme_is_one() -> None:
    found = re.findall(r"`(\{.*?\})`", _row_of_the_readme("CLIENTS_MAPPING"))

    assert found
    for example in found:
        parsed: dict[str, Any] = json.loads(example)
        mapping = parse_mapping(example)
        assert mapping != Mapping()
        assert {name: getattr(mapping, name) for name in parsed} == parsed
