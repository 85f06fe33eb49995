"""What reading one workbook may cost. A hostile one of a few kilobytes asks for gigabytes; an honest one never does.

Work is bounded before it is done: by what the archive declares, by what has come out of it, and by what was laid out.
Apart from a base that costs a fraction of a second, each bound grows with the size of the upload.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.errors import TabularError

# Excel's own limits.
MAX_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384
MAX_STYLES = 65_490

MAX_SHEETS = 200
# A million rows of ten columns stay well below.
MAX_UNPACKED = 2 << 30
# Rows and cells compress five to thirty times; a small part may do so better.
MAX_RATIO = 200
_SMALL = 4 << 20
# The directory of an archive of thousands of parts.
MAX_DIRECTORY = 1 << 20
# An attribute or a comment: the parser keeps it whole.
MAX_TOKEN = 1 << 20
MAX_DEPTH = 64

_TAGS, _TAGS_PER_BYTE = 600_000, 4
_LAID, _LAID_PER_BYTE = 16 << 20, 30


class Budget:
    """What is left to spend on a workbook of `size` bytes; counts what was spent."""

    def __init__(self, size: int) -> None:
        self.unpacked = self.tags = self.laid = 0
        self._tags = _TAGS + _TAGS_PER_BYTE * size
        self._laid = _LAID + _LAID_PER_BYTE * size

    def unpack(self, chunk: bytes) -> None:
        """`chunk` came out of the archive and is about to be parsed."""
        self.unpacked += len(chunk)
        self.tags += chunk.count(b"<")
        if self.unpacked > MAX_UNPACKED:
            raise too_big()
        if self.tags > self._tags:
            raise TabularError(
                "too_many_cells",
                _(
                    "El libro tiene una cantidad enorme de celdas vacías o con formato: copia solo los datos a un libro "
                    "nuevo, o guarda la hoja como CSV."
                ),
            )

    def lay(self, amount: int) -> None:
        """So many cells and characters are about to be laid out."""
        self.laid += amount
        if self.laid > self._laid:
            raise TabularError(
                "too_much_text",
                _("Las celdas de la hoja suman demasiado texto para lo que pesa el libro: guarda la hoja como CSV."),
            )


def check_member(*, unpacked: int, packed: int) -> None:
    """Raise TabularError when a part of an archive is no part of a spreadsheet by its sizes."""
    if unpacked > _SMALL and unpacked > MAX_RATIO * packed:
        raise TabularError(
            "inflated",
            _(
                "El libro ocupa muchísimo más al descomprimirlo, como ninguna planilla de personas: copia los datos a un "
                "libro nuevo o guarda la hoja como CSV."
            ),
        )


def too_big() -> TabularError:
    return TabularError("too_big", _("El libro es demasiado grande al descomprimirlo: guarda la hoja como CSV."))


def too_many_rows() -> TabularError:
    return TabularError(
        "too_many_rows", _("La hoja tiene más filas de las que admite Excel: divídela en varios archivos.")
    )


def too_many_styles() -> TabularError:
    return TabularError(
        "too_many_styles",
        _(
            "El libro tiene más formatos de celda de los que admite Excel: copia los datos a un libro nuevo, pegando solo "
            "los valores."
        ),
    )


def too_many_sheets() -> TabularError:
    return TabularError(
        "too_many_sheets",
        _("El libro tiene más de %(limit)s hojas: copia la de los destinatarios a un libro nuevo.")
        % {"limit": MAX_SHEETS},
    )
