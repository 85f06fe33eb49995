"""XML as it comes out of an archive, never whole in memory."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from xml.parsers import expat

# Excel stops at 32,767 characters; the CSV reader behind us at 131,072.
MAX_CELL = 100_000
_CHUNK = 1 << 16


def parse(
    archive: zipfile.ZipFile,
    path: str,
    *,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Calls the handlers with names without their prefix; yields between chunks, so that results can flow."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end:
        finish = end
        parser.EndElementHandler = lambda name: finish(name.rpartition(":")[2])
    if text:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    with archive.open(path) as member:
        for chunk in iter(lambda: member.read(_CHUNK), b""):
            parser.Parse(chunk)
            yield
        parser.Parse(b"", True)
        yield


def _refuse_doctype(*_arguments: object) -> None:
    """No spreadsheet writes one; entity bombs need one."""
    raise ValueError("document type declaration")


def elements(archive: zipfile.ZipFile, path: str) -> Iterator[tuple[str, dict[str, str]]]:
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
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), whole) if "_x" in whole else whole


_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
