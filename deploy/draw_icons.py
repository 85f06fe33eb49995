"""Draw the application's icons (static/leadmaster/icon-*.png) as favicon.svg has them, without an image library.

    python deploy/draw_icons.py

Phones want bitmaps: 192 and 512 px, one whose edges a launcher may cut away, one for Apple, and a white outline for the
bar of notifications. Whoever changes favicon.svg changes the numbers here and runs it again.
"""

from __future__ import annotations

import functools
import itertools
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

Point = tuple[float, float]
Pixel = tuple[int, int, int, int]
Draw = Callable[[float, float, float], Pixel]

_FOLDER = Path(__file__).resolve().parent.parent / "static" / "leadmaster"
_PETROL, _WHITE = (0x0F, 0x76, 0x6E), (0xFF, 0xFF, 0xFF)
# All in the drawing's 32 units.
_SIDE = 32.0
_TICK: tuple[tuple[Point, Point], ...] = (((11, 14.5), (14.4, 17.9)), ((14.4, 17.9), (21, 11.5)))
_TAIL: tuple[Point, ...] = ((9, 20.5), (14.6, 20.5), (9, 25))


def main() -> None:
    for name, size, scale, corner in (
        ("icon-192", 192, 1.0, 8.0),
        ("icon-512", 512, 1.0, 8.0),
        # Launchers cut a circle of four fifths out of it.
        ("icon-maskable-512", 512, 0.74, 0.0),
        ("icon-apple-180", 180, 0.86, 0.0),
    ):
        _write(name, size, functools.partial(_app, scale=scale, corner=corner))
    _write("icon-badge-96", 96, _badge)


def _app(x: float, y: float, unit: float, *, scale: float, corner: float) -> Pixel:
    inside = _cover(_box((x, y), (16, 16), (16, 16), corner), unit)
    at = (16 + (x - 16) / scale, 16 + (y - 16) / scale)
    white = _cover(_bubble(at), unit / scale) * (1 - _cover(_tick(at), unit / scale))
    red, green, blue = (round(dark + (light - dark) * white) for dark, light in zip(_PETROL, _WHITE, strict=True))
    return red, green, blue, round(255 * inside)


def _badge(x: float, y: float, unit: float) -> Pixel:
    at = (16 + (x - 16) / 1.3, 16 + (y - 16) / 1.3)
    return *_WHITE, round(255 * _cover(_bubble(at), unit) * (1 - _cover(_tick(at), unit)))


# --- Distances: below zero is inside ------------------------------------------------------------------------------------


def _bubble(at: Point) -> float:
    return min(_box(at, (16, 14.5), (10, 6.5), 2), _triangle(at))


def _tick(at: Point) -> float:
    return min(_segment(at, begin, end) for begin, end in _TICK) - 1.2


def _box(at: Point, middle: Point, half: Point, corner: float) -> float:
    x, y = (abs(at[axis] - middle[axis]) - half[axis] + corner for axis in (0, 1))
    return (max(x, 0.0) ** 2 + max(y, 0.0) ** 2) ** 0.5 + min(max(x, y), 0.0) - corner


def _segment(at: Point, begin: Point, end: Point) -> float:
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    share = ((at[0] - begin[0]) * dx + (at[1] - begin[1]) * dy) / (dx * dx + dy * dy)
    share = min(max(share, 0.0), 1.0)
    return float(((at[0] - begin[0] - share * dx) ** 2 + (at[1] - begin[1] - share * dy) ** 2) ** 0.5)


def _triangle(at: Point) -> float:
    """Far enough inside or outside for its edge to be smooth."""
    corners = [*_TAIL, _TAIL[0]]
    away = []
    for (ax, ay), (bx, by) in itertools.pairwise(corners):
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        away.append(((at[0] - ax) * (by - ay) - (at[1] - ay) * (bx - ax)) / length)
    return max(away)


def _cover(distance: float, unit: float) -> float:
    """How much of a pixel lies inside."""
    return min(max(0.5 - distance / unit, 0.0), 1.0)


# --- The file -----------------------------------------------------------------------------------------------------------


def _write(name: str, size: int, draw: Draw) -> None:
    unit = _SIDE / size
    rows = b"".join(
        b"\0" + b"".join(bytes(draw((x + 0.5) * unit, (y + 0.5) * unit, unit)) for x in range(size))
        for y in range(size)
    )
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    (_FOLDER / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    main()
