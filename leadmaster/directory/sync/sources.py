"""From what a person wrote to a source that can be read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from leadmaster.directory.sync.connecting import connect, connect_sqlite
from leadmaster.directory.sync.csv_source import spooled
from leadmaster.directory.sync.errors import SyncError
from leadmaster.directory.sync.mapping import Mapping
from leadmaster.directory.sync.source import Source

_SQLITE_SUFFIXES = {".sqlite3", ".sqlite", ".db", ".db3"}


@contextlib.contextmanager
def open_source(address: str, mapping: Mapping) -> Iterator[Source]:
    """A database by its URL, an SQLite file, a CSV or an XLSX. Raises SyncError before anything is read from it."""
    if not address:
        raise SyncError(
            "no_address", _("No se dijo de dónde vienen los clientes: define CLIENTS_DATABASE_URL o usa --source.")
        )
    with contextlib.ExitStack() as stack:
        is_file = False
        if "://" in address:
            connection = connect(address)
        elif Path(address).suffix.lower() in _SQLITE_SUFFIXES:
            connection = connect_sqlite(Path(address))
        else:
            path, mapping = stack.enter_context(spooled(Path(address), mapping))
            connection = connect_sqlite(path)
            is_file = True
        stack.callback(connection.close)
        source = Source(connection, mapping, is_file=is_file)
        source.check()
        yield source
