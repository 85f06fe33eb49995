"""Columns over time, drawn as SVG on the server: no script and no style attributes, so the strictest CSP lets it through.

Places are shares of the picture, so it fills a phone as well as a wide screen; letters keep their size.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from leadmaster.lib.screens import Part

# Shares of the height: room for the number above and for the names below.
_TOP, _FLOOR = 12.0, 86.0
# So many names fit a phone side by side.
_NAMES = 5
# Of a column's room, how much stays empty.
_GAP = 0.2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """`name` is told below it, where there is room, and with each of its parts on hover."""

    name: str
    parts: Sequence[Part]

    @property
    def total(self) -> int:
        return sum(count for _name, count, _fill in self.parts)


def columns(drawn: Sequence[Column], label: str) -> SafeString:
    """One column each, its parts on each other, the first at the bottom."""
    most = max((column.total for column in drawn), default=0)
    if not most:
        return SafeString("")
    rects = format_html_join(
        "",
        '<rect class="lm-fill-{}" x="{}%" y="{}%" width="{}%" height="{}%"><title>{}</title></rect>',
        _rects(drawn, most),
    )
    names = format_html_join(
        "", '<text class="lm-column-name" x="{}%" y="98%" text-anchor="{}">{}</text>', _names(drawn)
    )
    return format_html(
        '<svg class="lm-columns-chart lm-tall" role="img" aria-label="{}">'
        '<text class="lm-column-name" x="0" y="8%">{}</text>'
        '<line class="lm-axis" x1="0" x2="100%" y1="{}%" y2="{}%"/>{}{}</svg>',
        label,
        number_format(most, force_grouping=True),
        _FLOOR,
        _FLOOR,
        rects,
        names,
    )


def _rects(drawn: Sequence[Column], most: int) -> Iterator[tuple[str, str, str, str, str, str]]:
    room = 100 / len(drawn)
    for place, column in enumerate(drawn):
        floor = _FLOOR
        for name, count, fill in column.parts:
            if not count:
                continue
            height = (_FLOOR - _TOP) * count / most
            floor -= height
            left, width = (place + _GAP / 2) * room, room * (1 - _GAP)
            yield (
                fill,
                f"{left:.3f}",
                f"{floor:.3f}",
                f"{width:.3f}",
                f"{height:.3f}",
                f"{column.name} · {name}: {count}",
            )


def _names(drawn: Sequence[Column]) -> Iterator[tuple[str, str, str]]:
    """A few of them, evenly, the first and the last at the edges."""
    step = math.ceil(len(drawn) / _NAMES)
    last = len(drawn) - 1
    for place in range(0, len(drawn), step):
        middle = (place + 0.5) * 100 / len(drawn)
        anchor = "start" if place == 0 and last else "end" if place == last and last else "middle"
        x = 0.0 if anchor == "start" else 100.0 if anchor == "end" else middle
        yield f"{x:.3f}", anchor, drawn[place].name
