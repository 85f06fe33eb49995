"""Credentials of lines: one sealed file each on disk, plain only in a private directory in memory while the line is open.

    <directory>/credentials/<name>.sealed   header + nonce + AES-256-GCM; replaced as a whole, never written into
    <runtime>/<name>.sqlite3                what the phone works on
    <runtime>/<name>.generation             which sealed file it came from

A process that dies leaves the plain file in memory; the next one takes it up if nothing newer was sealed meanwhile, so
that nothing is lost. A machine that dies loses memory, and with it what changed since the last sealing (seconds).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import stat
import struct
import threading
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"LMCRED1\n"
_HEADER = struct.Struct(">8sQ")  # magic, generation
_NONCE_BYTES = 12


class VaultError(Exception):
    """With a sentence that says what to do."""


class UnreadableError(VaultError):
    """A sealed file that no key we have opens. It is left as it is."""


class Vault:
    """`key_hex` seals; it and `old_keys` open. Threads may share it.

    What lies there under an old key is sealed anew by `reseal`.
    """

    def __init__(self, directory: Path, runtime: Path, *, key_hex: str, old_keys: Sequence[str] = ()) -> None:
        self._sealed = private_directory(directory / "credentials")
        self._runtime = private_directory(runtime)
        self._keys = (key_hex, *old_keys)
        self._digests: dict[str, bytes] = {}
        self._lock = threading.RLock()
        for half_written in self._sealed.glob("*.new"):
            half_written.unlink()

    def open(self, name: str) -> Path:
        """The plain file, which may not be there yet. Raises UnreadableError."""
        plain = self._plain(name)
        sealed = self._read(name)
        generation = sealed[0] if sealed else 0
        if plain.exists() and self._generation(name) == generation and _is_sound(plain):
            return plain
        self._remove_plain(name)
        if sealed is not None:
            _write(plain, sealed[1])
            self._digests[name] = hashlib.sha256(sealed[1]).digest()
        self._note(name, generation)
        return plain

    def seal(self, name: str) -> bool:
        """Put what changed since the last time on disk, as a whole or not at all. Says whether something had."""
        with self._lock:
            plain = self._plain(name)
            if not plain.exists():
                return False
            content = _snapshot(plain)
            digest = hashlib.sha256(content).digest()
            if self._digests.get(name) == digest:
                return False
            generation = self._generation(name) + 1
            self._write_sealed(name, generation, content)
            self._note(name, generation)
            self._digests[name] = digest
            return True

    def close(self, name: str) -> None:
        """Seal and take the plain file out of memory. What could not be sealed stays there."""
        with self._lock:
            self.seal(name)
            self._remove_plain(name)

    def forget(self, name: str) -> None:
        """The line is unlinked: nothing of it is kept. The sealed file goes first: what is left then is not taken up."""
        with self._lock:
            self._path(name).unlink(missing_ok=True)
            _sync(self._sealed)
            self._remove_plain(name)

    def reseal(self) -> list[str]:
        """Seal with today's key what an old one sealed. Returns the names that no key opens."""
        unreadable = []
        for path in sorted(self._sealed.glob("*.sealed")):
            name = urllib.parse.unquote(path.stem)
            try:
                found = self._read(name, keys=self._keys[:1])
            except UnreadableError:
                try:
                    found = self._read(name)
                except UnreadableError:
                    unreadable.append(name)
                    continue
                if found is not None:
                    self._write_sealed(name, *found)
        return unreadable

    # --- The sealed file ------------------------------------------------------------------------------------------

    def _path(self, name: str) -> Path:
        return self._sealed / f"{_file_name(name)}.sealed"

    def _read(self, name: str, *, keys: Sequence[str] = ()) -> tuple[int, bytes] | None:
        try:
            raw = self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        header, rest = raw[: _HEADER.size], raw[_HEADER.size :]
        if len(header) < _HEADER.size or not header.startswith(_MAGIC):
            raise UnreadableError(
                f"{self._path(name)} holds no credentials of ours: restore it, or delete it to pair anew"
            )
        for key in keys or self._keys:
            with contextlib.suppress(InvalidTag):
                cipher = AESGCM(bytes.fromhex(key))
                plain = cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + name.encode())
                return int(_HEADER.unpack(header)[1]), plain
        raise UnreadableError(
            f"{self._path(name)} does not open with this FIELD_ENCRYPTION_KEY: restore the key, name it in "
            "FIELD_ENCRYPTION_OLD_KEYS, or delete the file to pair the line anew"
        )

    def _write_sealed(self, name: str, generation: int, content: bytes) -> None:
        header = _HEADER.pack(_MAGIC, generation)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(bytes.fromhex(self._keys[0])).encrypt(nonce, content, header + name.encode())
        new = self._path(name).with_suffix(".new")
        _write(new, header + nonce + sealed, sync=True)
        new.replace(self._path(name))
        _sync(self._sealed)

    # --- The plain one --------------------------------------------------------------------------------------------

    def _plain(self, name: str) -> Path:
        return self._runtime / f"{_file_name(name)}.sqlite3"

    def _note(self, name: str, generation: int) -> None:
        _write(self._plain(name).with_suffix(".generation"), b"%d" % generation)

    def _generation(self, name: str) -> int:
        try:
            return int(self._plain(name).with_suffix(".generation").read_bytes())
        except (FileNotFoundError, ValueError):
            return -1

    def _remove_plain(self, name: str) -> None:
        self._digests.pop(name, None)
        plain = self._plain(name)
        for path in [plain, *(Path(f"{plain}{end}") for end in ("-wal", "-shm", "-journal"))]:
            path.unlink(missing_ok=True)
        plain.with_suffix(".generation").unlink(missing_ok=True)


def private_directory(path: Path) -> Path:
    """`path`, made if need be. Raises VaultError where others could read in it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise VaultError(f"{path} cannot be made ({error.strerror}): let this user write there") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise VaultError(f"{path} is no directory of this user's: name another one")
    if found.st_mode & 0o077:
        raise VaultError(f"{path} can be read by others: chmod 700 {path}")
    return path


def _file_name(name: str) -> str:
    """A name of printable ASCII as one part of a path: letters, digits, dashes and underscores stay as they are."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: f"%{ord(found[0]):02X}", name)


def _snapshot(plain: Path) -> bytes:
    """The whole database as it is committed, whatever its writer is doing."""
    with (
        contextlib.closing(sqlite3.connect(plain, timeout=10)) as source,
        contextlib.closing(sqlite3.connect(":memory:")) as copy,
    ):
        source.backup(copy)
        return copy.serialize()


def _is_sound(plain: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(plain, timeout=10)) as database:
            return bool(database.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _write(path: Path, content: bytes, *, sync: bool = False) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "wb") as writer:
        writer.write(content)
        if sync:
            writer.flush()
            os.fsync(file)


def _sync(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
