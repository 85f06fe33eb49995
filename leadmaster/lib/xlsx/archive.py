"""The archive that a workbook is: its parts by name, and nothing unpacked that it did not declare."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, cast
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.xlsx.limits import MAX_DIRECTORY, MAX_UNPACKED, Budget, check_member, too_big

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,  # a compression that no spreadsheet uses
    OverflowError,
    RuntimeError,  # an encrypted member
    ValueError,
)


class Archive:
    """The parts of a workbook by their names: in lower case, with the slashes of the standard.

    The standard compares names without case, and some exporters of Windows write backslashes.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self.size = source.seek(0, 2)
        self.budget = Budget(self.size)
        self._zip = zipfile.ZipFile(cast(IO[bytes], _InSteps(source)))
        self._members = {info.filename.replace("\\", "/").lower(): info for info in self._zip.infolist()}
        self._check_kind()
        self._check_sizes()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._members

    @property
    def unpacked(self) -> int:
        """What its parts come to when unpacked. None of them yields more than it declares."""
        return sum(info.file_size for info in self._members.values())

    def open(self, name: str) -> IO[bytes]:
        """Raises KeyError when there is no such part."""
        return self._zip.open(self._members[name.lower()])

    def close(self) -> None:
        self._zip.close()

    def _check_kind(self) -> None:
        if "xl/workbook.bin" in self:
            raise TabularError("xlsb", _("Es un libro binario de Excel (.xlsb): guárdalo como .xlsx o CSV."))
        if "content.xml" in self:
            raise TabularError("ods", _("Es una planilla de LibreOffice (.ods): guárdala como .xlsx o CSV."))
        if "index/document.iwa" in self or "index.zip" in self:
            raise TabularError(
                "numbers", _("Es una planilla de Numbers: en Archivo > Exportar a elige Excel y sube ese archivo.")
            )
        if "xl/workbook.xml" not in self:
            raise TabularError("compressed", _("Está comprimido: descomprímelo y elige la planilla que tiene adentro."))

    def _check_sizes(self) -> None:
        infos = self._zip.infolist()
        # Parts that share their bytes, or claim more than there are: no program writes such an archive.
        if sum(info.compress_size for info in infos) > self.size or len(infos) > len(self._members):
            raise zipfile.BadZipFile("parts overlap")
        if self.unpacked > MAX_UNPACKED:
            raise too_big()
        for info in infos:
            check_member(unpacked=info.file_size, packed=info.compress_size)


@contextlib.contextmanager
def opened(source: IO[bytes]) -> Iterator[Archive]:
    """The archive in a stream; whatever is broken in it becomes one TabularError."""
    try:
        with contextlib.closing(Archive(source)) as archive:
            yield archive
    except _BROKEN as error:
        raise TabularError(
            "damaged",
            _("El libro de Excel está dañado: ábrelo en Excel, guárdalo de nuevo como .xlsx y vuelve a subirlo."),
        ) from error


class _InSteps:
    """A stream that is never read whole: the directory of an archive is, and by its own word how long it is."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.seek, self.tell = source.seek, source.tell

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(MAX_DIRECTORY + 1 if size < 0 else min(size, MAX_DIRECTORY + 1))
        if len(data) > MAX_DIRECTORY:
            raise zipfile.BadZipFile("directory too long")
        return data

    def seekable(self) -> bool:
        return True
