"""Credentials: sealed on disk, plain in memory alone, and never lost whatever dies in between."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from whatsapp.session_manager import vault as vault_module
from whatsapp.session_manager.vault import UnreadableError, Vault, VaultError

KEY, OTHER = "0f" * 32, "a1" * 32
SECRET = "noise-key-of-the-line"


def made(tmp_path: Path, key: str = KEY, *, old_keys: tuple[str, ...] = ()) -> Vault:
    return Vault(tmp_path / "disk", tmp_path / "memory", key_hex=key, old_keys=old_keys)


def write(plain: Path, text: str = SECRET) -> None:
    """As the phone does while the line is open."""
    with contextlib.closing(sqlite3.connect(plain)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS device (text TEXT)")
        database.execute("INSERT INTO device VALUES (?)", (text,))


def read(plain: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(plain)) as database:
        return [row[0] for row in database.execute("SELECT text FROM device")]


def sealed_file(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "disk" / "credentials").iterdir()
    return found


def test_what_is_closed_lies_sealed_on_disk_and_nowhere_else(tmp_path: Path) -> None:
    vault = made(tmp_path)
    write(vault.open("51"))
    vault.close("51")
    assert SECRET.encode() not in sealed_file(tmp_path).read_bytes()
    assert list((tmp_path / "memory").iterdir()) == []
    assert read(made(tmp_path).open("51")) == [SECRET]


def test_nobody_else_may_read_any_of_it(tmp_path: Path) -> None:
    vault = made(tmp_path)
    plain = vault.open("51")
    write(plain)
    vault.seal("51")
    for path in (tmp_path / "disk" / "credentials", tmp_path / "memory"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (sealed_file(tmp_path), plain.with_suffix(".generation")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["disk/credentials", "memory"])
def test_a_directory_that_others_may_read_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place).chmod(0o750)
    with pytest.raises(VaultError, match="chmod 700"):
        made(tmp_path)


def test_a_link_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "memory").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VaultError, match="no directory of this user"):
        made(tmp_path)


def test_a_name_never_leaves_the_directory(tmp_path: Path) -> None:
    vault = made(tmp_path)
    write(vault.open("../../51"))
    vault.close("../../51")
    assert sealed_file(tmp_path).parent == tmp_path / "disk" / "credentials"
    assert read(vault.open("../../51")) == [SECRET]


def test_a_file_moved_to_another_line_does_not_open(tmp_path: Path) -> None:
    vault = made(tmp_path)
    write(vault.open("51"))
    vault.close("51")
    sealed_file(tmp_path).rename(sealed_file(tmp_path).with_name("52.sealed"))
    with pytest.raises(UnreadableError):
        vault.open("52")


# --- What dies in between -----------------------------------------------------------------------------------------------


def test_a_process_that_died_leaves_what_it_had_not_sealed_to_the_next(tmp_path: Path) -> None:
    vault = made(tmp_path)
    plain = vault.open("51")
    write(plain, "sealed")
    vault.seal("51")
    write(plain, "not sealed yet")
    assert read(made(tmp_path).open("51")) == ["sealed", "not sealed yet"]


def test_a_process_that_died_before_the_first_sealing_loses_nothing(tmp_path: Path) -> None:
    write(made(tmp_path).open("51"))
    assert read(made(tmp_path).open("51")) == [SECRET]


def test_a_machine_that_died_comes_back_with_what_was_sealed(tmp_path: Path) -> None:
    vault = made(tmp_path)
    plain = vault.open("51")
    write(plain, "sealed")
    vault.seal("51")
    write(plain, "lost with the memory")
    shutil.rmtree(tmp_path / "memory")
    assert read(made(tmp_path).open("51")) == ["sealed"]


def test_a_disk_that_came_back_newer_wins_over_what_is_left_in_memory(tmp_path: Path) -> None:
    vault = made(tmp_path)
    write(vault.open("51"), "first")
    vault.close("51")
    elsewhere = Vault(tmp_path / "disk", tmp_path / "other-memory", key_hex=KEY)
    vault.open("51")  # this process dies here
    write(elsewhere.open("51"), "second")
    elsewhere.close("51")
    assert read(made(tmp_path).open("51")) == ["first", "second"]


def test_a_torn_file_in_memory_is_not_taken_up(tmp_path: Path) -> None:
    vault = made(tmp_path)
    plain = vault.open("51")
    write(plain)
    vault.seal("51")
    plain.write_bytes(plain.read_bytes()[:1000])
    assert read(made(tmp_path).open("51")) == [SECRET]


@pytest.mark.parametrize("step", ["_write", "replace"])
def test_a_sealing_that_fails_leaves_the_last_one_whole(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = made(tmp_path)
    plain = vault.open("51")
    write(plain, "before")
    vault.seal("51")
    write(plain, "after")

    def no_room(*_args: object, **_values: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(vault_module if step == "_write" else Path, step, no_room)
        with pytest.raises(OSError, match="No space"):
            vault.close("51")
    assert read(plain) == ["before", "after"]  # kept in memory: nothing is thrown away unsealed
    shutil.rmtree(tmp_path / "memory")
    assert read(made(tmp_path).open("51")) == ["before"]


def test_what_an_unfinished_sealing_left_is_cleared_away(tmp_path: Path) -> None:
    made(tmp_path)
    half = tmp_path / "disk" / "credentials" / "51.new"
    half.write_bytes(b"half")
    made(tmp_path)
    assert not half.exists()


def test_a_line_that_was_forgotten_is_not_taken_up_from_memory(tmp_path: Path) -> None:
    vault = made(tmp_path)
    write(vault.open("51"))
    vault.seal("51")
    sealed_file(tmp_path).unlink()  # the process died in the middle of forgetting
    assert not made(tmp_path).open("51").exists()


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    vault = made(tmp_path)
    write(vault.open("51"))
    vault.seal("51")
    vault.forget("51")
    assert [*(tmp_path / "disk" / "credentials").iterdir(), *(tmp_path / "memory").iterdir()] == []


def test_only_a_change_is_sealed(tmp_path: Path) -> None:
    vault = made(tmp_path)
    plain = vault.open("51")
    write(plain)
    assert vault.seal("51")
    before = sealed_file(tmp_path).stat().st_ino
    assert not vault.seal("51")
    assert sealed_file(tmp_path).stat().st_ino == before


# --- Keys -----------------------------------------------------------------------------------------------------------------


def test_an_old_key_opens_and_a_start_seals_with_todays(tmp_path: Path) -> None:
    vault = made(tmp_path, OTHER)
    write(vault.open("51"))
    vault.close("51")
    assert made(tmp_path, KEY, old_keys=(OTHER,)).reseal() == []
    assert read(made(tmp_path, KEY).open("51")) == [SECRET]


def test_a_file_that_no_key_opens_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    vault = made(tmp_path, OTHER)
    write(vault.open("51"))
    vault.close("51")
    content = sealed_file(tmp_path).read_bytes()
    stranger = made(tmp_path, KEY)
    assert stranger.reseal() == ["51"]
    with pytest.raises(UnreadableError, match="FIELD_ENCRYPTION_OLD_KEYS"):
        stranger.open("51")
    assert sealed_file(tmp_path).read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"LMCRED1\n", b"SQLite format 3\0" + bytes(100)])
def test_a_file_that_is_none_of_ours_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    made(tmp_path)
    (tmp_path / "disk" / "credentials" / "51.sealed").write_bytes(content)
    with pytest.raises(UnreadableError, match="pair"):
        made(tmp_path).open("51")
