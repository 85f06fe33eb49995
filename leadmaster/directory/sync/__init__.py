"""The directory follows a client base that somebody else keeps: a database that is only read, or a file.

    connecting   a connection that can't write, from an address
    mapping      which of their columns is which of our fields
    source       their rows: page by page in a steady order, the contacts of a page in one query
    csv_source   a file as such a source
    moments      their way of writing times
    texts        their texts, in whatever encoding
    ids          their ids, as we keep them and as they compare them
    rows         one of their rows as ours, tidied and with its phones read
    store        a page into our tables: new, changed, unchanged
    run          a whole synchronisation, page by page, each page and its cursor in one transaction
    report       what it found

Nothing here touches `availability`, which is the desk's, and nothing is ever deleted.
"""

from leadmaster.directory.sync.errors import SyncError
from leadmaster.directory.sync.report import SyncReport
from leadmaster.directory.sync.run import synchronise
from leadmaster.directory.sync.sources import open_source

__all__ = ["SyncError", "SyncReport", "open_source", "synchronise"]
