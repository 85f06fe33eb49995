"""What a workbook says around its sheets: which there are, where the strings wait, how numbers are shown."""

from __future__ import annotations

import dataclasses
import datetime as dt
import posixpath

from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from leadmaster.lib.xlsx.archive import Archive
from leadmaster.lib.xlsx.limits import MAX_SHEETS, MAX_STYLES, too_many_sheets, too_many_styles
from leadmaster.lib.xlsx.xml import elements


@dataclasses.dataclass(frozen=True, kw_only=True)
class SheetPart:
    name: str
    path: str


class Book:
    """What the sheets' cells refer to. `sheets` are the visible ones; `active` is the one that Excel opens with."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._relations = self._read_relations()
        self.epoch: dt.datetime = CALENDAR_WINDOWS_1900
        # Somebody asked Excel to compute everything at opening: what stands in its formulas may be no result.
        self.recalculates = False
        self.sheets, self.active = self._read_workbook()
        self.strings_path = self._path_of("sharedStrings")
        self.codes = self._read_codes()

    def _read_relations(self) -> dict[str, tuple[str, str]]:
        """Of each relation id the kind and the member's path."""
        return {
            attributes["Id"]: (
                attributes["Type"].rpartition("/")[2],
                posixpath.normpath(posixpath.join("/xl", attributes["Target"].replace("\\", "/"))).lstrip("/"),
            )
            for tag, attributes in elements(self._archive, "xl/_rels/workbook.xml.rels")
            if tag == "Relationship"
        }

    def _path_of(self, wanted: str) -> str:
        return next((path for kind, path in self._relations.values() if kind == wanted and path in self._archive), "")

    def _read_workbook(self) -> tuple[tuple[SheetPart, ...], SheetPart | None]:
        sheets: list[SheetPart] = []
        active: SheetPart | None = None
        position, active_position = -1, 0
        for tag, attributes in elements(self._archive, "xl/workbook.xml"):
            if tag == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                self.epoch = CALENDAR_MAC_1904
            elif tag == "calcPr":
                self.recalculates = attributes.get("fullCalcOnLoad") in {"1", "true"}
            elif tag == "workbookView":
                active_position = int(attributes.get("activeTab", "0"))
            elif tag == "sheet":
                position += 1
                sheet = self._visible(attributes)
                if sheet:
                    sheets.append(sheet)
                    active = sheet if position == active_position else active
            if position >= MAX_SHEETS:
                raise too_many_sheets()
        return tuple(sheets), active

    def _visible(self, attributes: dict[str, str]) -> SheetPart | None:
        if attributes.get("state", "visible") != "visible":
            return None
        relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        kind, path = self._relations.get(relation, ("", ""))
        return SheetPart(name=attributes.get("name", ""), path=path) if kind == "worksheet" else None

    def _read_codes(self) -> dict[str, str]:
        """Of each cell style the code of its number format, where it has one."""
        path = self._path_of("styles")
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
                if len(styles) > MAX_STYLES:
                    raise too_many_styles()
        codes = {str(at): formats.get(number, "General") for at, number in enumerate(styles)}
        return {style: code for style, code in codes.items() if code != "General"}
