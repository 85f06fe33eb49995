"""The reader of files with one of its bounds taken out, and the tests that have to notice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_LIMITS = "leadmaster/lib/xlsx/limits.py"
_BOMBS = "tests/lib/xlsx/test_bombs.py"
_LAYOUT = "leadmaster/lib/tables/layout.py"
_RECORDS = "leadmaster/lib/tables/records.py"
_BROKEN = "tests/campaigns/audience/test_broken_files.py"

MUTANTS = (
    Mutant(
        "an archive may unpack to a thousand times its size",
        _LIMITS,
        "if unpacked > _SMALL and unpacked > MAX_RATIO * packed:",
        "if unpacked > MAX_UNPACKED:",
        _BOMBS,
    ),
    Mutant(
        "the tags of a workbook are not bounded by its weight",
        _LIMITS,
        "if self.tags > self._tags:",
        "if self.unpacked < 0:",
        _BOMBS,
    ),
    Mutant(
        "what is laid out of a workbook is not bounded by its weight",
        _LIMITS,
        "if self.laid > self._laid:",
        "if self.laid < 0:",
        _BOMBS,
    ),
    Mutant(
        "a sheet may be as wide as it likes",
        "leadmaster/lib/xlsx/sheet.py",
        "if self._column > MAX_COLUMNS:",
        "if self._column < 0:",
        _BOMBS,
    ),
    Mutant(
        "parts of an archive may share their bytes",
        "leadmaster/lib/xlsx/archive.py",
        "if sum(info.compress_size for info in infos) > self.size or len(infos) > len(self._members):",
        "if not infos:",
        _BOMBS,
    ),
    Mutant(
        "an attribute may go on for ever",
        "leadmaster/lib/xlsx/xml.py",
        "if fed - parser.CurrentByteIndex > MAX_TOKEN:",
        "if fed < 0:",
        _BOMBS,
    ),
    Mutant(
        "a row with a cell too few is filled up",
        _LAYOUT,
        "if not habit or not self._looks_right(record):",
        "if not self.width:",
        _BROKEN,
    ),
    Mutant(
        "a row with a blank cell too many is cut to fit",
        _LAYOUT,
        "return record[: self.width] if harmless and self._looks_right(record) else Misfit.EXTRA_CELLS",
        "return record[: self.width]",
        _BROKEN,
    ),
    Mutant(
        "a header that disagrees with the rows is believed",
        _LAYOUT,
        "if width < usual and not joins and survey.shifts():",
        "if width < 0:",
        _BROKEN,
    ),
    Mutant(
        "quotes may take in the next rows",
        _RECORDS,
        "return self._took_rows(record) or self._has_stray_quote(text, record)",
        "return self._has_stray_quote(text, record)",
        _BROKEN,
    ),
    Mutant(
        "rows below another table's header are read",
        "campaigns/audience/rows.py",
        "if self._below != self._mapping:",
        "if self._below is None:",
        _BROKEN,
    ),
    Mutant(
        "a name that does not fit is cut",
        "campaigns/audience/rows.py",
        "if len(name) > MAX_NAME:",
        "if len(name) < 0:",
        "tests/campaigns/audience/test_importing.py",
    ),
)
