"""XML as it comes out of an archive, never whole in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.parsers import expat

from leadmaster.lib.xlsx.archive import Archive
from leadmaster.lib.xlsx.limits import MAX_DEPTH, MAX_TOKEN

# Excel stops at 32,767 characters; the CSV reader behind us at 131,072.
MAX_CELL = 100_000
_CHUNK = 1 << 16
# Between the two texts of a cell that shows another than its own: see `cells`.
SECOND_TEXT = "\x1f"


def parse(
    archive: Archive,
    path: str,
    *,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Calls the handlers with names without their prefix; yields between chunks, so that results can flow."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def on_start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("elements too deep")
        start(name.rpartition(":")[2] if ":" in name else name, attributes)

    def on_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end(name.rpartition(":")[2] if ":" in name else name)

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    if text:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    fed = 0
    with archive.open(path) as member:
        for chunk in iter(lambda: member.read(_CHUNK), b""):
            archive.budget.unpack(chunk)
            parser.Parse(chunk)
            fed += len(chunk)
            # What the parser holds back is the beginning of something without an end in sight.
            if fed - parser.CurrentByteIndex > MAX_TOKEN:
                raise ValueError("attribute or comment too long")
            yield
        parser.Parse(b"", True)
        yield


def _refuse_doctype(*_arguments: object) -> None:
    """No spreadsheet writes one; entity bombs need one."""
    raise ValueError("document type declaration")


def elements(archive: Archive, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for _chunk in parse(archive, path, start=lambda tag, attributes: found.append((tag, attributes))):
        yield from found
        found.clear()


class TextCollector:
    """The text of `<t>` and `<v>`, without the reading aids (`<rPh>`) of East Asian text."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._open = False
        self._aids = 0

    def start(self, tag: str) -> None:
        self._aids += tag == "rPh"
        self._open = tag in {"t", "v"} and not self._aids

    def end(self, tag: str) -> None:
        self._aids -= tag == "rPh"
        self._open = False

    def text(self, data: str) -> None:
        if not self._open:
            return
        self._size += len(data)
        if self._size > MAX_CELL:
            raise ValueError("cell too long")
        self._parts.append(data)

    def take(self) -> str:
        whole = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        return _ESCAPED.sub(_unescaped, whole) if "_x" in whole else whole


_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def _unescaped(match: re.Match[str]) -> str:
    """The character of an escape: half a pair is none, and the sign of our own spool is nobody's text."""
    char = chr(int(match[1], 16))
    if char == SECOND_TEXT:
        return ""
    return "\ufffd" if "\ud800" <= char <= "\udfff" else char
