"""The reader of files with one of its bounds taken out, and the tests that have to notice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_LIMITS = "leadmaster/lib/xlsx/limits.py"
_BOMBS = "tests/lib/xlsx/test_bombs.py"

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
)
