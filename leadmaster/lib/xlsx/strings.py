"""The strings that cells share, on disk."""

from __future__ import annotations

import os
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Iterator

from leadmaster.lib.xlsx.xml import TextCollector, parse

_OFFSET = struct.Struct("<QQ")


class StringStore:
    """Filled once, then read by index in two small reads. Memory does not grow with it."""

    def __init__(self) -> None:
        self._data = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._index = tempfile.TemporaryFile()  # noqa: SIM115
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: int) -> str:
        if not 0 <= at < self._length:
            raise IndexError(at)
        start, size = _OFFSET.unpack(os.pread(self._index.fileno(), _OFFSET.size, at * _OFFSET.size))
        return os.pread(self._data.fileno(), size, start).decode("utf-8", "replace")

    def fill(self, texts: Iterable[str]) -> None:
        position = 0
        for text in texts:
            data = text.encode("utf-8", "replace")
            self._data.write(data)
            self._index.write(_OFFSET.pack(position, len(data)))
            position += len(data)
            self._length += 1
        self._data.flush()
        self._index.flush()

    def close(self) -> None:
        self._data.close()
        self._index.close()


def shared_texts(archive: zipfile.ZipFile, path: str) -> Iterator[str]:
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
