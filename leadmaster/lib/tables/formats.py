"""What a file is: a workbook, a text in some dialect, or something that has to be saved as one of them first."""

from __future__ import annotations

import codecs
import dataclasses
import re
from typing import IO

from django.utils.translation import gettext_lazy as _

from leadmaster.lib import xlsx
from leadmaster.lib.tables.delimiters import delimiter_of
from leadmaster.lib.tables.encodings import STRAY, encoding_of
from leadmaster.lib.tables.errors import TabularError

_SAMPLE_BYTES = 64 * 1024


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """What the file turned out to be. `encoding` and `delimiter` are empty for a workbook, `sheet` for a CSV."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


_OTHER_FORMATS = (
    (
        b"\xd0\xcf\x11\xe0",
        "old_excel",
        _(
            "Es un libro de Excel antiguo (.xls) o con contraseña: ábrelo y guárdalo como .xlsx sin contraseña o como CSV."
        ),
    ),
    (b"%PDF", "pdf", _("Es un PDF: pide la planilla original y guárdala como .xlsx o CSV.")),
    (b"\x1f\x8b", "compressed", _("Está comprimido: descomprímelo y elige la planilla que tiene adentro.")),
    (b"Rar!", "compressed", _("Está comprimido: descomprímelo y elige la planilla que tiene adentro.")),
    (b"7z\xbc\xaf", "compressed", _("Está comprimido: descomprímelo y elige la planilla que tiene adentro.")),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|table|\?xml|meta|head)\b", re.I)


def recognise(stream: IO[bytes]) -> Format:
    """Raises TabularError with what to do about a file that is no table."""
    stream.seek(0)
    head = stream.read(_SAMPLE_BYTES)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise TabularError("empty", _("El archivo está vacío: elige el que tiene los destinatarios."))
    if head.startswith(b"PK\x03\x04"):
        return Format(kind="xlsx", sheet=xlsx.sheet_name(stream))
    for magic, code, sentence in _OTHER_FORMATS:
        if head.startswith(magic):
            raise TabularError(code, sentence)
    if _MARKUP.match(head):
        raise TabularError(
            "markup", _("Es una página web con nombre de planilla: ábrela en Excel y guárdala como .xlsx o CSV.")
        )
    encoding = encoding_of(stream, head)
    text = codecs.getincrementaldecoder(encoding)(STRAY).decode(head)
    return Format(kind="csv", encoding=encoding, delimiter=delimiter_of(text))
