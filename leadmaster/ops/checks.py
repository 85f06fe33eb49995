"""Start-up checks of the ground that everything stands on. Each message says what to write or do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags
from django.db import connections

from leadmaster.lib import zones

_OWN_HOSTS = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104  (compared with, never bound to)
_OLDEST_MARIADB = (10, 6)
_OLDEST_MYSQL = (8, 0)


def gateway_is_not_this_server(**_kwargs: Any) -> Sequence[CheckMessage]:
    """The one port mix-up that answers politely: our own web server in the gateway's place."""
    parts = urlsplit(settings.SESSION_MANAGER_BASE_URL)
    if parts.hostname not in _OWN_HOSTS or parts.port != settings.WEB_PORT:
        return []
    return [
        Error(
            f"SESSION_MANAGER_BASE_URL is {settings.SESSION_MANAGER_BASE_URL}, which is LeadMaster's own web server.",
            hint="Write the session manager's address, such as http://localhost:3011, or another WEB_PORT.",
            id="ops.E001",
        )
    ]


def alert_webhook_is_signed(**_kwargs: Any) -> Sequence[CheckMessage]:
    if not settings.ALERT_WEBHOOK_URL or settings.ALERT_WEBHOOK_SECRET:
        return []
    return [
        Error(
            "ALERT_WEBHOOK_URL is set and ALERT_WEBHOOK_SECRET is not, so the receiver could not tell our alerts "
            "from anybody's.",
            hint="Write a long random ALERT_WEBHOOK_SECRET here and at the receiver.",
            id="ops.E002",
        )
    ]


def somebody_is_told(**_kwargs: Any) -> Sequence[CheckMessage]:
    """Asked with `check --deploy`: on a desk the admin is enough."""
    if settings.ALERT_EMAILS or settings.ALERT_WEBHOOK_URL:
        return []
    return [
        checks.Warning(
            "Nobody is told when the sender stops: alerts only show in the admin.",
            hint="Write ALERT_EMAILS (with EMAIL_URL) or ALERT_WEBHOOK_URL.",
            id="ops.W001",
        )
    ]


def zones_are_pinned(**_kwargs: Any) -> Sequence[CheckMessage]:
    """Two machines with other time zone data set other deadlines."""
    pins = (settings.BASE_DIR / "requirements" / "base.txt").read_text(encoding="utf-8")
    pinned = re.search(rf"^{zones.PACKAGE}==(\S+)", pins, re.MULTILINE)
    installed = zones.installed_version()
    if zones.are_pinned() and installed and pinned and pinned[1] == installed:
        return []
    return [
        Error(
            f"The time zone data is {installed or 'missing'}, and requirements/base.txt names {pinned and pinned[1]}: "
            "deadlines would fall at other hours than on other machines.",
            hint="Install requirements/base.txt again, and do not set zoneinfo's path.",
            id="ops.E005",
        )
    ]


def database_can_be_trusted(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> Sequence[CheckMessage]:
    """Asked with `check --database default`: versions that lack SKIP LOCKED, and settings that lose commits."""
    if "default" not in (databases or ()):
        return []
    vendor = connections["default"].vendor
    return _sqlite() if vendor == "sqlite" else _mysql() if vendor == "mysql" else []


def _sqlite() -> Sequence[CheckMessage]:
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
    if mode in {"wal", "memory"}:
        return []
    return [
        Error(
            f"SQLite could not switch to its write-ahead log (journal mode is {mode}): readers and the sender would "
            "stop each other.",
            hint="Put the database file on a local disk; network file systems do not carry a write-ahead log.",
            id="ops.E003",
        )
    ]


def _mysql() -> Sequence[CheckMessage]:
    connection: Any = connections["default"]
    name, oldest = ("MariaDB", _OLDEST_MARIADB) if connection.mysql_is_mariadb else ("MySQL", _OLDEST_MYSQL)
    version = connection.mysql_version
    if version < oldest:
        return [
            Error(
                f"{name} {'.'.join(map(str, version))} has no SKIP LOCKED, which keeps two senders apart.",
                hint="Use MariaDB 10.6 or later, or MySQL 8.",
                id="ops.E004",
            )
        ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@innodb_flush_log_at_trx_commit")
        flush = cursor.fetchone()[0]
    if flush == 1:
        return []
    return [
        checks.Warning(
            f"innodb_flush_log_at_trx_commit is {flush}: after a power cut the server may have forgotten that a "
            "message was about to leave, and it would leave again.",
            hint="Set innodb_flush_log_at_trx_commit = 1 on the server.",
            id="ops.W002",
        )
    ]


def register_checks() -> None:
    checks.register(gateway_is_not_this_server)
    checks.register(alert_webhook_is_signed)
    checks.register(zones_are_pinned)
    checks.register(somebody_is_told, deploy=True)
    checks.register(database_can_be_trusted, Tags.database)
