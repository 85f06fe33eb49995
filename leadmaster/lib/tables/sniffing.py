"""Which dialect a text file is in, from its first lines."""

from __future__ import annotations

import collections
import dataclasses
import io
import itertools
import re
from collections.abc import Iterator, Sequence

from leadmaster.lib.tables.dialect import DELIMITERS, Dialect
from leadmaster.lib.tables.records import LIKE_A_PHONE, LIST_SIGNS, BrokenRecord, parsed

_SAMPLE_ROWS = 60
_SAMPLE_LINES = 300
# A text this long was cut out of a longer one, most likely in the middle of a line.
_LONG = 1 << 14
# What separates cells only where none of the usual signs does.
_RARE = (":", "^", "~", "¦", "\x1f")
_SURE = 0.9


def dialect_of(text: str) -> Dialect:
    """The dialect that cuts the first records in `text` into the same number of cells, and into the most."""
    declared = re.match(r"\ufeff?sep=(.)\r?\n", text)
    whole_lines = text[: text.rfind("\n") + 1] if len(text) > _LONG else text
    stream = io.StringIO(whole_lines or text, newline="")
    lines = list(itertools.islice(stream, bool(declared), _SAMPLE_LINES))
    if not declared and _is_list(lines):
        return Dialect(listed=True, width=1)
    usual = _best(lines, (declared[1],) if declared else DELIMITERS)
    if usual or declared:
        return usual or Dialect(delimiter=declared[1] if declared else ",", width=1)
    return _best(lines, _RARE, sure=_SURE) or Dialect(width=1)


def _is_list(lines: Sequence[str]) -> bool:
    """Nothing but phones, in one line or in lines of different lengths: no table."""
    rows = [[piece.strip().strip('"') for piece in LIST_SIGNS.split(line) if piece.strip()] for line in lines]
    rows = [row for row in rows if row]
    lengths = {len(row) for row in rows}
    if not rows or max(lengths) < 2 or (len(rows) > 1 and len(lengths) == 1):
        return False
    return all(LIKE_A_PHONE.fullmatch(piece) for row in rows for piece in row)


def _best(lines: Sequence[str], delimiters: Sequence[str], *, sure: float = 0.0) -> Dialect | None:
    scored = [(_score(lines, dialect), dialect) for dialect in _candidates(lines, delimiters)]
    score, dialect = max(scored, key=lambda pair: pair[0])
    if score.alike <= sure or score.width < 2:
        return None
    return dataclasses.replace(dialect, width=score.width)


def _candidates(lines: Sequence[str], delimiters: Sequence[str]) -> Iterator[Dialect]:
    for delimiter in delimiters:
        spaced = any(f'{delimiter} "' in line or f"{delimiter} '" in line for line in lines)
        in_apostrophes = _in_apostrophes(lines, delimiter)
        if in_apostrophes:
            yield Dialect(delimiter=delimiter, quote="'", spaced=spaced)
        # Where most rows have some, those that don't fit are broken, however well they fit other quotes.
        if in_apostrophes < 0.5 * len(lines):
            yield Dialect(delimiter=delimiter, spaced=spaced)
            yield Dialect(delimiter=delimiter, wrapped=True, spaced=spaced)


def _in_apostrophes(lines: Sequence[str], delimiter: str) -> int:
    """How many cells stand in apostrophes, if that is how this file quotes."""
    if not any("'" in line for line in lines):
        return 0
    apostrophes, quotes = (
        sum(len(_enclosed(quote, delimiter).findall(line)) for line in lines) for quote in ("'", '"')
    )
    return apostrophes if apostrophes > quotes else 0


def _enclosed(quote: str, delimiter: str) -> re.Pattern[str]:
    """A cell in quotes."""
    edge = re.escape(delimiter)
    return re.compile(rf"(?:^|{edge}) *{quote}[^{quote}]*{quote} *(?={edge}|[\r\n]*$)")


@dataclasses.dataclass(frozen=True, order=True)
class _Score:
    """How well a dialect fits; the better one is greater."""

    alike: float  # the share of the records that have the usual width
    quoted: bool  # in apostrophes, where there are some
    plain: bool  # not wrapped, unless that helps
    width: int


def _score(lines: Sequence[str], dialect: Dialect) -> _Score:
    sample = [record for record in itertools.islice(parsed(lines, dialect), _SAMPLE_ROWS) if record]
    widths = [0 if isinstance(record, BrokenRecord) else len(record) for record in sample]
    width, alike = collections.Counter(widths).most_common(1)[0] if widths else (1, 0)
    if width < 2:
        return _Score(0.0, False, False, 1)
    # What the first record lacks is most likely a sign inside later cells, unless that record is only a title.
    doubt = 2 if len(sample[0]) < 2 else 1
    return _Score(alike / len(widths) / doubt, dialect.quote == "'", not dialect.wrapped, width)
