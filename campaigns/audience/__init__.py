"""Recipients from a file, told from the top.

`inspect` looks at the file and proposes what its columns mean; a person confirms or corrects the proposal.
`import_file` then checks that the whole file can be read and that the message can be filled from it, before anything
is written; reads row by row (`rows`), finds out what is new (`seen`, the campaign, the suppressions), freezes each
person's text, and writes batches in short transactions with their counts; every row has its line in the `report`.
Killed half way it did no harm: the same file again adds the rest.
"""

from __future__ import annotations

from campaigns.audience.errors import AudienceError
from campaigns.audience.importing import ImportReport, import_file, run_import
from campaigns.audience.mapping import ColumnMapping
from campaigns.audience.preview import FilePreview, inspect
from campaigns.audience.sheets import SheetChoice

__all__ = [
    "AudienceError",
    "ColumnMapping",
    "FilePreview",
    "ImportReport",
    "SheetChoice",
    "import_file",
    "inspect",
    "run_import",
]
