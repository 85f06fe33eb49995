"""What a file is: a workbook, a text in some dialect, or something that has to be saved as one of them first."""

from __future__ import annotations

import codecs
import dataclasses
from typing import IO

from django.utils.translation import gettext_lazy as _

from leadmaster.lib import xlsx
from leadmaster.lib.tables.dialect import Dialect
from leadmaster.lib.tables.encodings import STRAY, encoding_of
from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.tables.kinds import refuse_other_files, refuse_other_texts
from leadmaster.lib.tables.sniffing import dialect_of

_SAMPLE_BYTES = 64 * 1024


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """What the file turned out to be. `encoding` is empty for a workbook, `sheet` for a CSV.

    `sheets` are all that could be read, `size` is that of the file when it is unpacked.
    """

    kind: str
    encoding: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    size: int = 0
    dialect: Dialect | None = None  # a workbook has none

    @property
    def delimiter(self) -> str:
        """Empty for a workbook."""
        return self.dialect.delimiter if self.dialect else ""


def recognise(stream: IO[bytes], *, sheet: str = "") -> Format:
    """`sheet` is the one that somebody chose. Raises TabularError with what to do about a file that is no table."""
    stream.seek(0)
    head = stream.read(_SAMPLE_BYTES)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise TabularError("empty", _("El archivo está vacío: elige el que tiene los destinatarios."))
    if head.startswith(b"PK\x03\x04"):
        found = xlsx.sheets(stream)
        return Format(kind="xlsx", sheet=sheet or found.proposed, sheets=found.names, size=found.unpacked)
    refuse_other_files(head)
    encoding = encoding_of(stream, head)
    text = codecs.getincrementaldecoder(encoding)(STRAY).decode(head).replace("\x00", "")
    refuse_other_texts(text)
    return Format(kind="csv", encoding=encoding, dialect=dialect_of(text), size=stream.seek(0, 2))
