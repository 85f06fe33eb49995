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
def open_source(address: str, mapping: Mapping, *, region: str = "MX") -> Iterator[Source]:
    """A database by its URL, an SQLite file, a CSV or an XLSX as people of `region` write it.

    Raises SyncError before anything is read from it.
    """
    if not address:
        raise SyncError(
            "no_address", _("No se dijo de dónde vienen los clientes: define CLIENTS_DATABASE_URL o usa --source.")
        )
    with contextlib.ExitStack() as stack:
        spool = None
        if "://" in address:
            connection = connect(address)
        elif Path(address).suffix.lower() in _SQLITE_SUFFIXES:
            connection = connect_sqlite(Path(address))
        else:
            spool = stack.enter_context(spooled(Path(address), mapping, region=region))
            connection = connect_sqlite(spool.path)
        stack.callback(connection.close)
        if spool:
            source = Source(connection, spool.mapping, is_file=True, everybody=spool.everybody, found=spool.found)
        else:
            source = Source(connection, mapping)
        source.check()
        yield source
