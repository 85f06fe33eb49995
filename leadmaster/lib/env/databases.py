"""Addresses of databases: our own, and the one that clients come from."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any, Final

import environ
from django.core.exceptions import ImproperlyConfigured

from leadmaster.lib.env.values import text

SQLITE: Final = "django.db.backends.sqlite3"
MYSQL: Final = "django.db.backends.mysql"
POSTGRESQL: Final = "django.db.backends.postgresql"
_SCHEMES: Final = {
    "sqlite": SQLITE,
    "mysql": MYSQL,
    "mysql2": MYSQL,
    "postgres": POSTGRESQL,
    "postgresql": POSTGRESQL,
    "psql": POSTGRESQL,
    "pgsql": POSTGRESQL,
}
_MEMORY: Final = ":memory:"


def database(name: str, default: str) -> dict[str, Any]:
    """Django's dictionary for our own database: SQLite in a file that can be written, or a MySQL or MariaDB server."""
    url = text(name, default)
    config = database_address(url)
    if config is None or config["ENGINE"] not in {SQLITE, MYSQL}:
        raise ImproperlyConfigured(
            f"{name} names no database that LeadMaster runs on ({_scheme(url)!r}). "
            "Write sqlite:///path/to/file or mysql://user:password@host:3306/name, with %40 for @ and %23 for # in the "
            "password."
        )
    if config["ENGINE"] == SQLITE and config["NAME"] != _MEMORY:
        _refuse_unwritable(name, Path(config["NAME"]).absolute())
    if config["ENGINE"] == MYSQL and not importlib.util.find_spec("MySQLdb"):
        raise ImproperlyConfigured(
            f"{name} names a MySQL server, and nothing here can talk to one. "
            "Install requirements/mysql.txt, or write sqlite:///path/to/file."
        )
    return config


def client_base(name: str) -> str:
    """Where clients come from: empty, an address, or the path of a file. What is there is looked at by who reads it."""
    value = text(name, "")
    if "://" in value and database_address(value) is None:
        raise ImproperlyConfigured(
            f"{name} is no address of a database ({_scheme(value)!r}). Write mysql://user:password@host:3306/name, "
            "postgresql://user:password@host:5432/name, sqlite:///path/to/file, or the path of a CSV or XLSX."
        )
    return value


def database_address(url: str) -> dict[str, Any] | None:
    """Django's dictionary for this address, or None when it is none: no scheme, no name, no host, no such port."""
    engine = _SCHEMES.get(_scheme(url))
    if engine is None:
        return None
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, KeyError, ImproperlyConfigured):
        return None
    has_server = config.get("HOST") or config.get("OPTIONS", {}).get("unix_socket")
    if config.get("ENGINE") != engine or not config.get("NAME") or not (engine == SQLITE or has_server):
        return None
    return config


def _scheme(url: str) -> str:
    scheme, slashes, _ = url.partition("://")
    return scheme[:20] if slashes else ""


def _refuse_unwritable(name: str, path: Path) -> None:
    """SQLite writes its log beside the file, so the folder counts as much."""
    if not path.parent.is_dir():
        wrong = f"whose folder {path.parent} does not exist. Make the folder"
    elif not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=True):
        wrong = f"in a folder where this user may not write ({path.parent}). Give it the folder"
    elif path.exists() and not path.is_file():
        wrong = f"which is no file ({path}). Name a file in that folder"
    elif path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        wrong = f"which this user may not write ({path}). Give it the file"
    else:
        return
    raise ImproperlyConfigured(f"{name} names an SQLite file {wrong}, or write sqlite:///path/to/another/file.")
