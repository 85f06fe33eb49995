"""A backup is whole or not there, and what left after it does not leave again when it comes back."""

from __future__ import annotations

import gzip
import stat
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from campaigns import switch
from campaigns.enums import EnvioState
from campaigns.models import Envio, JournalReport
from leadmaster.ops import backups
from leadmaster.ops.models import Alert
from tests.factories.campaigns import EnvioFactory
from tests.faults.harness import World

pytestmark = pytest.mark.django_db(transaction=True)


def back_up(folder: Path, *options: str) -> Path:
    """Its file of the database."""
    call_command("backup", str(folder), *options)
    return next(path for path in sorted(folder.iterdir()) if ".sql" in path.name)


def test_fault_31_back_up_go_on_sending_restore_and_nothing_leaves_twice(tmp_path: Path) -> None:
    world = World()
    world.campaign(envios=5, session__daily_limit=1000, daily_cap=1000)
    world.run_minutes(1)
    world.campaign(envios=20, session__daily_limit=1000, daily_cap=1000)
    kept = back_up(tmp_path)
    world.run_minutes(2)
    assert len(world.provider.ledger) == 25

    call_command("restore", str(kept), "--replace")

    # Before any process has started: off, and the machine that sent owes its journal.
    assert not switch.is_on()
    assert JournalReport.objects.awaited().count() == 1
    world.run_minutes(2)
    assert world.states() == {EnvioState.SENT: 5, EnvioState.UNCERTAIN: 20}
    assert len(world.provider.ledger) == 25
    assert not switch.is_on()
    assert Alert.objects.filter(key="database-restored", resolved_at__isnull=True).exists()
    assert world.findings() == []


def test_what_was_kept_comes_back_byte_by_byte_with_its_files(tmp_path: Path, settings: Settings) -> None:
    before = EnvioFactory(name="Ñandú “Ünïcode” 🦤", text="línea\r\n\\ ' \" %s", variables={"a": [1, None]})
    name = default_storage.save("imports/gente.csv", ContentFile(b"351"))
    kept = back_up(tmp_path)
    Envio.objects.update(text="otro")
    EnvioFactory()
    default_storage.delete(name)

    call_command("restore", str(kept), "--replace")

    (after,) = Envio.objects.all()
    assert (after.pk, after.name, after.text, after.variables) == (
        before.pk,
        before.name,
        before.text,
        before.variables,
    )
    assert default_storage.open(name).read() == b"351"


def test_a_backup_is_its_owners_alone_and_holds_no_key(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "new"

    kept = back_up(folder, "--without-media")

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == [kept.name]
    content = gzip.decompress(kept.read_bytes())
    assert settings.FIELD_ENCRYPTION_KEY.encode() not in content
    assert settings.SECRET_KEY.encode() not in content


def test_a_backup_that_fails_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(partial: Path) -> None:
        partial.write_bytes(b"half")
        raise backups.BackupError("disk full")

    monkeypatch.setattr(backups, "_dump", broken)

    with pytest.raises(CommandError, match="disk full"):
        call_command("backup", str(tmp_path))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "other", "missing"])
def test_a_damaged_backup_changes_nothing(tmp_path: Path, damage: str) -> None:
    EnvioFactory()
    kept = back_up(tmp_path)
    if damage == "cut":
        kept.write_bytes(kept.read_bytes()[:-200])
    elif damage == "other":
        kept = kept.rename(kept.with_name("leadmaster-old.dump.gz"))
    else:
        kept = kept.with_name("nowhere")

    with pytest.raises(CommandError, match=r"dañado|termine en|No existe"):
        call_command("restore", str(kept), "--replace")

    assert Envio.objects.count() == 1
    assert switch.is_on()


def test_a_database_that_holds_something_is_not_replaced_by_accident(tmp_path: Path) -> None:
    EnvioFactory()
    kept = back_up(tmp_path)
    EnvioFactory()

    with pytest.raises(CommandError, match="--replace"):
        call_command("restore", str(kept))

    assert Envio.objects.count() == 2


def test_only_the_newest_are_kept_each_with_its_files(tmp_path: Path) -> None:
    for day in range(1, 5):
        for ending in (".sql.gz", ".media.tar.gz"):
            (tmp_path / f"leadmaster-2026010{day}T000000Z{ending}").touch()
    (tmp_path / "somebody-elses.gz").touch()

    deleted = backups.keep_newest(tmp_path, 2)

    assert len(deleted) == 4
    assert {path.name[11:19] for path in tmp_path.glob("leadmaster-*")} == {"20260103", "20260104"}
    assert (tmp_path / "somebody-elses.gz").exists()


def test_the_password_is_in_no_command_line() -> None:
    told = {"HOST": "db", "PORT": 3306, "USER": "u", "PASSWORD": 'a"b\\c'}

    with backups._identity(told) as option:
        file = Path(option.partition("=")[2])
        content, mode = file.read_text(encoding="utf-8"), stat.S_IMODE(file.stat().st_mode)

    assert 'password="a\\"b\\\\c"' in content
    assert mode == 0o600
    assert not file.exists()
