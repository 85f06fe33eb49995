"""What this machine handed to a socket, kept outside the database: one line per dispatch, written before the socket.

A database that came back from a backup forgets the last sends; these files do not (`restore_guard` compares the two).
Every file in the folder is read, whatever it is called: a host changes its name, and older versions set files aside.

    E1 database epoch moment sender,known,…        a minute in which this machine may send
    D1 database epoch token envío moment person    one dispatch; the person is a keyed hash of phone and text
    token envío moment                             one dispatch, as version 0.1.0 wrote it

A line begins with a line break as well as ending with one, so that a torn one spoils nobody else's; and what is read
is looked for anywhere, so that what others tore is still found.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import re
import socket
import threading
import unicodedata
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from leadmaster.lib.crypto import keyed_hash

_DISPATCH = "\nD1 {database} {epoch:012d} {token} {client_message_id} {at} {person}\n"
_MARK = "\nE1 {database} {epoch:012d} {at} {senders}\n"
_NOBODY = "0" * 32
_NO_DATABASE = uuid.UUID(int=0)

_ID = r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_AT = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00)"
# A line that was torn behind its ids still names a message.
_IS_DISPATCH = re.compile(rf"D1 {_ID} (\d+) {_ID} {_ID}(?: {_AT})?(?: ([0-9a-f]{{32}}))?", re.ASCII)
_IS_MARK = re.compile(rf"E1 {_ID} (\d+) {_AT} {_ID}((?:,{_ID})*)", re.ASCII)
_IS_OLD = re.compile(rf"{_ID} {_ID} {_AT}", re.ASCII)

_LINE_BYTES = len(
    _DISPATCH.format(
        database=_NO_DATABASE, epoch=0, token=_NO_DATABASE, client_message_id=_NO_DATABASE, at="0" * 32, person=_NOBODY
    )
)
_MAX_BYTES = 1_000_000 * _LINE_BYTES
_CHUNK = 500
_SENDER_FILE = "sender-id"
# Files whose ends are looked at each minute: the newest of them.
_TAILS = 5

_lock = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Line:
    """One dispatch: which claim, of which envío, when (UTC), in which database, to whom."""

    token: uuid.UUID
    client_message_id: uuid.UUID
    at: dt.datetime | None
    database: uuid.UUID = _NO_DATABASE
    person_key: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mark:
    """A minute in which this machine may send: the database and its epoch then, and the senders that it knew of."""

    database: uuid.UUID
    epoch: int
    at: dt.datetime
    sender: uuid.UUID
    known: tuple[uuid.UUID, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tail:
    """The ends of the newest files: the latest dispatches, and of each database the highest epoch."""

    lines: tuple[Line, ...]
    epochs: dict[uuid.UUID, int]

    @property
    def empty(self) -> bool:
        return not (self.lines or self.epochs)

    @property
    def tokens(self) -> set[uuid.UUID]:
        return {line.token for line in self.lines}


# The mark of this process, by folder: what its dispatches are written beside.
_marks: dict[Path, Mark] = {}


def folder() -> Path:
    return Path(settings.SENDER_JOURNAL_DIR)


def path() -> Path:
    """The file that this host writes. Others may lie beside it."""
    return folder() / f"{socket.gethostname()}.log"


def person_key(phone: str, text: str) -> str:
    """Who got what, for who has the key: spaces, case and look-alike letters make no other text."""
    return person_keys(phone, text)[0]


def person_keys(phone: str, text: str) -> tuple[str, ...]:
    """Today's, and what the keys of before made of it: lines that were written with those are still compared with."""
    plain = f"{phone}\0{' '.join(unicodedata.normalize('NFKC', text).casefold().split())}"
    keys = (settings.FIELD_ENCRYPTION_KEY, *settings.FIELD_ENCRYPTION_OLD_KEYS)
    return tuple(keyed_hash(plain, key_hex=key, context="journal.person") for key in keys)


# --- Writing ---------------------------------------------------------------------------------------------------------


def write(token: uuid.UUID, client_message_id: uuid.UUID, at: dt.datetime, person: str = "") -> None:
    """Append one dispatch. One `write` call, so that processes don't mix lines. Raises OSError when it can't."""
    mark = _marks.get(folder())
    _append(
        _DISPATCH.format(
            database=mark.database if mark else _NO_DATABASE,
            epoch=mark.epoch if mark else 0,
            token=token,
            client_message_id=client_message_id,
            at=_moment(at),
            person=person or _NOBODY,
        )
    )


def write_mark(mark: Mark) -> None:
    """Append a mark; what this process dispatches from now on stands beside it. Raises OSError when it can't."""
    senders = ",".join(str(key) for key in (mark.sender, *mark.known))
    _append(_MARK.format(database=mark.database, epoch=mark.epoch, at=_moment(mark.at), senders=senders))
    _marks[folder()] = mark


def sender_key() -> uuid.UUID:
    """Who sends from this folder. Made at the first use. Raises OSError when it can't be read or made."""
    target = folder() / _SENDER_FILE
    with _lock:
        known = known_sender_key()
        if known is not None:
            return known
        target.parent.mkdir(parents=True, exist_ok=True)
        made = target.with_name(f"{_SENDER_FILE}.{os.getpid()}")
        made.write_text(f"{uuid.uuid4()}\n", encoding="ascii")
        with contextlib.suppress(FileExistsError):
            # Another process may have been quicker; a file that holds no key is replaced.
            os.link(made, target) if not target.exists() else made.replace(target)
        made.unlink(missing_ok=True)
        found = known_sender_key()
    if found is None:
        raise OSError(f"{target} holds no key of a sender")
    return found


def known_sender_key() -> uuid.UUID | None:
    """The same, or None before the first use."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
        return uuid.UUID((folder() / _SENDER_FILE).read_text(encoding="ascii", errors="replace").strip())
    return None


def _append(line: str) -> None:
    raw = line.encode("ascii")
    with _lock:
        target = path()
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.stat().st_size > _MAX_BYTES:
            with contextlib.suppress(FileNotFoundError):  # another process did it a moment ago
                target.replace(target.with_suffix(".old"))
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(descriptor, raw) != len(raw):
                raise OSError(f"the journal took only part of a line: {target}")
        finally:
            os.close(descriptor)


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


# --- Reading ---------------------------------------------------------------------------------------------------------


def chunks(lines: int | None = None) -> Iterator[list[Line]]:
    """Every dispatch of every file, so many lines at a time."""
    batch: list[Line] = []
    for target in _files():
        with target.open("rb") as file:
            for raw in file:
                batch += _dispatches(_text(raw))
                if len(batch) >= (lines or _CHUNK):
                    yield batch
                    batch = []
    if batch:
        yield batch


def marks() -> Iterator[Mark]:
    """Every mark of every file."""
    for target in _files():
        with target.open("rb") as file:
            for raw in file:
                yield from _marks_in(_text(raw))


def tail(lines: int) -> Tail:
    """The latest dispatches of the files that were written last, and the epochs that stand there."""
    found: list[Line] = []
    epochs: dict[uuid.UUID, int] = {}
    for target in _files()[:_TAILS]:
        with target.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - lines * _LINE_BYTES))
            text = _text(file.read())
        found += list(_dispatches(text))[-lines:]
        for mark in _marks_in(text):
            epochs[mark.database] = max(mark.epoch, epochs.get(mark.database, 0))
        for match in _IS_DISPATCH.finditer(text):
            database, epoch = uuid.UUID(match[1]), int(match[2])
            epochs[database] = max(epoch, epochs.get(database, 0))
    epochs.pop(_NO_DATABASE, None)
    return Tail(lines=tuple(found), epochs=epochs)


def _files() -> list[Path]:
    """Every file of the folder but the sender's key, the last written first."""
    try:
        found = [(entry.stat().st_mtime_ns, entry.path) for entry in os.scandir(folder()) if entry.is_file()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [Path(name) for _at, name in sorted(found, reverse=True) if not Path(name).name.startswith(_SENDER_FILE)]


def _text(raw: bytes) -> str:
    return raw.decode("ascii", errors="replace")


def _dispatches(text: str) -> Iterator[Line]:
    rest = []
    end = 0
    for match in _IS_DISPATCH.finditer(text):
        rest.append(text[end : match.start()])
        end = match.end()
        person = match[6] if match[6] and match[6] != _NOBODY else ""
        yield Line(uuid.UUID(match[3]), uuid.UUID(match[4]), _read_moment(match[5]), uuid.UUID(match[1]), person)
    for match in _IS_OLD.finditer("\n".join([*rest, text[end:]])):
        yield Line(uuid.UUID(match[1]), uuid.UUID(match[2]), _read_moment(match[3]))


def _marks_in(text: str) -> Iterator[Mark]:
    for match in _IS_MARK.finditer(text):
        yield Mark(
            database=uuid.UUID(match[1]),
            epoch=int(match[2]),
            at=_read_moment(match[3]) or dt.datetime.min.replace(tzinfo=dt.UTC),
            sender=uuid.UUID(match[4]),
            known=tuple(uuid.UUID(key) for key in match[5].split(",") if key),
        )


def _read_moment(text: str | None) -> dt.datetime | None:
    with contextlib.suppress(ValueError):
        return dt.datetime.fromisoformat(text) if text else None
    return None
