"""What a workbook says around its sheets: which there are, where the strings wait, which numbers are dates."""

from __future__ import annotations

import itertools
import posixpath
import zipfile

from django.utils.translation import gettext_lazy as _
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.xlsx.xml import elements


class Book:
    """What the sheet's cells refer to."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._relations = self._read_relations()
        self.epoch = CALENDAR_WINDOWS_1900
        sheets: list[tuple[str, str]] = []
        for tag, attributes in elements(archive, "xl/workbook.xml"):
            if tag == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                self.epoch = CALENDAR_MAC_1904
            if tag == "sheet" and attributes.get("state", "visible") == "visible":
                relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                kind, path = self._relations.get(relation, ("", ""))
                if kind == "worksheet":
                    sheets.append((attributes.get("name", ""), path))
        self.strings_path = next((path for kind, path in self._relations.values() if kind == "sharedStrings"), "")
        self.date_styles = self._read_date_styles()
        self.sheet = self._first_with_data(sheets)

    def _read_relations(self) -> dict[str, tuple[str, str]]:
        """Of each relation id the kind and the member's path."""
        return {
            attributes["Id"]: (
                attributes["Type"].rpartition("/")[2],
                posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/"),
            )
            for tag, attributes in elements(self._archive, "xl/_rels/workbook.xml.rels")
            if tag == "Relationship"
        }

    def _read_date_styles(self) -> frozenset[str]:
        """The cell styles whose numbers are dates."""
        path = next((path for kind, path in self._relations.values() if kind == "styles"), "")
        formats = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        styles: list[str] = []
        inside = False
        for tag, attributes in elements(self._archive, path) if path else ():
            if tag == "numFmt":
                formats[attributes["numFmtId"]] = attributes.get("formatCode", "")
            elif tag in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
                inside = tag == "cellXfs"
            elif tag == "xf" and inside:
                styles.append(attributes.get("numFmtId", "0"))
        return frozenset(str(at) for at, number in enumerate(styles) if is_date_format(formats.get(number)))

    def _first_with_data(self, sheets: list[tuple[str, str]]) -> tuple[str, str]:
        if not sheets:
            raise TabularError("no_sheet", _("El libro no tiene ninguna hoja visible con datos."))
        for name, path in sheets:
            if any(tag in {"v", "is"} for tag, _attributes in itertools.islice(elements(self._archive, path), 5000)):
                return name, path
        return sheets[0]
