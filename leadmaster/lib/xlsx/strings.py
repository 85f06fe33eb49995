"""The strings that cells share, on disk."""

from __future__ import annotations

import itertools
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator

from leadmaster.lib.xlsx.archive import Archive
from leadmaster.lib.xlsx.xml import TextCollector, parse

_OFFSET = struct.Struct("<QQ")
_AT_ONCE = 4096


class StringStore:
    """Read by index in two small reads. Memory does not grow with it.

    The texts are taken in as far as somebody asked: cells mostly refer to them in their order, so that a look at the
    first rows of a big workbook costs little.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self._data = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._index = tempfile.TemporaryFile()  # noqa: SIM115
        self._length = 0
        self._position = 0

    def __getitem__(self, at: int) -> str:
        while at >= self._length and self._take_in():
            pass
        if not 0 <= at < self._length:
            raise IndexError(at)
        start, size = _OFFSET.unpack(os.pread(self._index.fileno(), _OFFSET.size, at * _OFFSET.size))
        return os.pread(self._data.fileno(), size, start).decode("utf-8", "replace")

    def _take_in(self) -> int:
        """Store the next texts; how many there were."""
        before = self._length
        for text in itertools.islice(self._texts, _AT_ONCE):
            data = text.encode("utf-8", "replace")
            self._data.write(data)
            self._index.write(_OFFSET.pack(self._position, len(data)))
            self._position += len(data)
            self._length += 1
        self._data.flush()
        self._index.flush()
        return self._length - before

    def close(self) -> None:
        self._data.close()
        self._index.close()


def shared_texts(archive: Archive, path: str) -> Iterator[str]:
    """The shared strings in their order."""
    collector = TextCollector()
    done: list[str] = []

    def end(tag: str) -> None:
        collector.end(tag)
        if tag == "si":
            done.append(collector.take())

    for _chunk in parse(
        archive, path, start=lambda tag, _attributes: collector.start(tag), end=end, text=collector.text
    ):
        yield from done
        done.clear()
