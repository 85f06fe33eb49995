"""Connections to databases that belong to somebody else: opened so that the database itself refuses to write."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from django.db.utils import Error as DatabaseError
from django.utils.translation import gettext as _

from leadmaster.directory.sync.errors import SyncError
from leadmaster.lib.env.databases import MYSQL, SQLITE, database_address

_SQLITE_MAGIC = b"SQLite format 3\x00"


def connect(url: str) -> BaseDatabaseWrapper:
    """An open connection that only reads. Raises SyncError with what to do about it."""
    return _open(_config(url))


def _open(config: dict[str, Any]) -> BaseDatabaseWrapper:
    # A handler of its own: the base of the clients is no database of the product's, and nothing migrates it.
    connection: BaseDatabaseWrapper = ConnectionHandler({"default": _read_only(config)})["default"]
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        raise SyncError(
            "unreachable",
            _("No se pudo abrir la base de clientes: %(why)s. Revisa CLIENTS_DATABASE_URL y los permisos del usuario.")
            % {"why": why(error)},
        ) from error
    return connection


def connect_sqlite(path: Path) -> BaseDatabaseWrapper:
    """The same for a file."""
    if not path.is_file():
        raise SyncError("no_file", _("No existe el archivo %(path)s.") % {"path": path})
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise SyncError("unreadable", _("No se puede leer %(path)s: revisa los permisos.") % {"path": path}) from error
    if magic != _SQLITE_MAGIC:
        raise SyncError("no_sqlite", _("%(path)s no es una base de SQLite.") % {"path": path})
    return _open({"ENGINE": SQLITE, "NAME": str(path)})


def _config(url: str) -> dict[str, Any]:
    config = database_address(url)
    if config is None:
        raise _wrong_address(url)
    return config


def _wrong_address(url: str) -> SyncError:
    # Never the address itself: it carries a password.
    return SyncError(
        "address",
        _(
            "La dirección de la base de clientes (%(scheme)s) no sirve. Escribe mysql://usuario:clave@servidor:3306/base, "
            "postgres://usuario:clave@servidor:5432/base, sqlite:///ruta/al/archivo o la ruta de un CSV."
        )
        % {"scheme": url.partition(":")[0][:20] or "vacía"},
    )


def _read_only(config: dict[str, Any]) -> dict[str, Any]:
    """The same connection, told to refuse whatever writes."""
    engine = config["ENGINE"]
    options: dict[str, Any] = dict(config.get("OPTIONS") or {})
    if engine == SQLITE:
        path = Path(config["NAME"])
        if not path.is_file():
            raise SyncError("no_file", _("No existe el archivo %(path)s.") % {"path": path})
        # No converters: what a column holds decides, not what it was declared as.
        options |= {"detect_types": 0, "timeout": 30, "init_command": "PRAGMA query_only=ON"}
        return {"ENGINE": engine, "NAME": f"{path.resolve().as_uri()}?mode=ro", "OPTIONS": options}
    if engine == MYSQL:
        _require_driver(("MySQLdb",), _("Falta el conector de MySQL: instala requirements/mysql.txt."))
        options |= {
            "charset": "utf8mb4",
            "connect_timeout": 10,
            "init_command": "SET SESSION TRANSACTION READ ONLY",
        }
    else:
        _require_driver(
            ("psycopg", "psycopg2"),
            _("Falta el conector de PostgreSQL: instálalo con “pip install 'psycopg[binary]'”."),
        )
        options |= {"connect_timeout": 10, "options": "-c default_transaction_read_only=on"}
    return {**config, "OPTIONS": options}


def _require_driver(modules: tuple[str, ...], sentence: str) -> None:
    if not any(importlib.util.find_spec(module) for module in modules):
        raise SyncError("driver", sentence)


def why(error: BaseException) -> str:
    """The driver's own words, without its codes and line breaks."""
    words = error.args[-1] if error.args else error
    return " ".join(str(words).split())[:300]
