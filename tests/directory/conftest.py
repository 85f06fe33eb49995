"""What the tests of the directory share."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable
from pathlib import Path

import pytest

from leadmaster.directory.models import Client
from leadmaster.directory.sync import SyncReport, open_source, synchronise
from leadmaster.directory.sync.mapping import Mapping
from leadmaster.directory.sync.rows import Reading
from tests.directory.external import ExternalBase

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
READING = Reading(region="MX", tz=zoneinfo.ZoneInfo("America/Mexico_City"))

Progress = Callable[[int, int], None]


@pytest.fixture
def external(tmp_path: Path) -> ExternalBase:
    return ExternalBase(tmp_path / "external.sqlite3")


def sync(
    base: ExternalBase | Path | str,
    *,
    now: dt.datetime = NOW,
    full: bool = False,
    batch: int = 100,
    reading: Reading = READING,
    mapping: Mapping | None = None,
    progress: Progress = lambda done, total: None,
    accept_fewer: bool = False,
) -> SyncReport:
    address = str(base.path if isinstance(base, ExternalBase) else base)
    with open_source(address, mapping or Mapping(), region=reading.region) as source:
        return synchronise(
            source,
            name="externo",
            reading=reading,
            now=now,
            full=full,
            batch=batch,
            progress=progress,
            accept_fewer=accept_fewer,
        )


def directory() -> dict[str, object]:
    """Everything that a synchronisation writes, but for our own ids and times."""
    outside = (
        "external_id", "name", "last_names", "tax_id", "agreement", "province", "city", "client_type", "capacity",
        "registered_on", "external_updated_at", "availability", "shard", "digest",
    )  # fmt: skip
    contact = ("kind", "label", "raw", "normalised", "is_primary", "is_valid", "position")
    return {
        client.external_id: (
            [getattr(client, name) for name in outside],
            client.gone_at is not None,
            [[getattr(point, name) for name in contact] for point in client.contacts.all()],
        )
        for client in Client.objects.with_contacts()
    }
