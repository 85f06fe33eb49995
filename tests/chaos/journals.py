"""What happens to the folder of a machine's journal: it goes away, the disk fills up, its last line is torn."""

from __future__ import annotations

import contextlib
import os
import random
import resource
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

_TAIL = 64 * 1024


class Journal:
    """A folder behind a link: by turning the link the folder is there or not, with nothing in between."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._disk = link.with_name(f"{link.name}.disk")
        self._nothing = link.with_name(f"{link.name}.nothing")
        self._disk.mkdir(parents=True)
        self._nothing.touch()
        self.mount()

    def mount(self) -> None:
        self._turn_to(self._disk)

    def unmount(self) -> None:
        """Nothing in it can be read, written or made any more."""
        self._turn_to(self._nothing)

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        self.unmount()
        try:
            yield
        finally:
            self.mount()

    @contextlib.contextmanager
    def full(self, processes: Iterable[psutil.Process], *, room: int) -> Iterator[None]:
        """The disk of these processes, and of those that they start, takes so many bytes more of the journal.

        A limit of the kernel's on the size of files: as on a full disk, what does not fit is cut off in its middle.
        """
        most = max((file.stat().st_size for file in self._disk.iterdir()), default=0) + room
        limited = list(processes)
        try:
            _limit(limited, most)
            yield
        finally:
            _limit([*limited, *(child for one in limited for child in _children(one))], resource.RLIM_INFINITY)

    def tear(self, chance: random.Random) -> bool:
        """A power cut in the middle of a line: the beginning of one that the file ends with. False while it is empty."""
        files = sorted(self._disk.glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
        if not files or not (lines := _last_bytes(files[-1]).split(b"\n")[-2:-1]):
            return False
        [line] = lines
        with files[-1].open("ab") as file:
            file.write(b"\n" + line[: chance.randrange(1, max(2, len(line)))])
        return True

    def _turn_to(self, target: Path) -> None:
        made = self.link.with_name(f"{self.link.name}.new")
        made.symlink_to(target)
        made.replace(self.link)


def _last_bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        opened.seek(max(0, opened.seek(0, os.SEEK_END) - _TAIL))
        return opened.read()


def _limit(processes: Iterable[psutil.Process], most: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            _soft, hard = process.rlimit(psutil.RLIMIT_FSIZE)
            process.rlimit(psutil.RLIMIT_FSIZE, (most, hard))


def _children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []
