"""The nightly look: once a night, in slices, with its findings on a page and an alert."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import DatabaseError

from campaigns.enums import EnvioState
from campaigns.reconciliation.envios import AttemptsMiscounted, Phantom
from leadmaster.ops.models import Alert, ReconciliationFinding, ReconciliationRun, Repair
from leadmaster.ops.reconciliation import nightly
from leadmaster.ops.reconciliation.nightly import run_slice
from tests.factories.campaigns import EnvioFactory

pytestmark = pytest.mark.django_db

_ZONE = zoneinfo.ZoneInfo(settings.TIME_ZONE)
TONIGHT = dt.datetime(2026, 3, 2, 4, 0, tzinfo=_ZONE).astimezone(dt.UTC)
MINUTES = dt.timedelta(minutes=4)


def test_it_begins_once_a_night_and_not_before_its_hour() -> None:
    assert run_slice(TONIGHT - dt.timedelta(hours=2)) is None

    run = run_slice(TONIGHT)
    assert run is not None
    assert (run.finished_at, run.total, run.failed) == (TONIGHT, 0, {})
    assert run_slice(TONIGHT + dt.timedelta(hours=3)) is None
    assert run_slice(TONIGHT + dt.timedelta(days=1)) is not None


def test_what_it_finds_is_kept_and_told_and_nothing_is_repaired() -> None:
    phantom = EnvioFactory(state=EnvioState.SENT)

    run = run_slice(TONIGHT)

    assert run is not None
    assert run.found["envios.phantom"] == run.total == 1
    [finding] = ReconciliationFinding.objects.all()
    assert (finding.kind, finding.subject, finding.run) == ("envios.phantom", phantom.pk, run)
    phantom.refresh_from_db()
    assert phantom.state == EnvioState.SENT
    assert not Repair.objects.exists()
    assert Alert.objects.get(open_key=nightly.ALERT).body == "1 hallazgo."


def test_a_clean_night_closes_the_alert() -> None:
    phantom = EnvioFactory(state=EnvioState.SENT)
    run_slice(TONIGHT)
    phantom.delete()

    run_slice(TONIGHT + dt.timedelta(days=1))

    assert not Alert.objects.filter(open_key=nightly.ALERT).exists()


def test_a_run_whose_slice_ended_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Phantom, "span", 1)
    phantoms = EnvioFactory.create_batch(3, state=EnvioState.SENT)
    looks = iter([0.0, 0.0, 0.0, 99.0])

    with monkeypatch.context() as patched:
        patched.setattr("leadmaster.ops.reconciliation.registry.all_checks", lambda: [Phantom()])
        patched.setattr("leadmaster.ops.reconciliation.nightly.time", SimpleNamespace(monotonic=lambda: next(looks)))
        first = run_slice(TONIGHT, seconds=1)
    assert first is not None
    assert (first.finished_at, first.total) == (None, 2)
    # While that slice may still be at work nobody else begins or goes on.
    assert run_slice(TONIGHT + dt.timedelta(minutes=1)) is None

    second = run_slice(TONIGHT + MINUTES)

    assert second == first
    assert second.finished_at is not None
    found = ReconciliationFinding.objects.filter(kind="envios.phantom").values_list("subject", flat=True)
    assert list(found) == [envio.pk for envio in phantoms]


def test_a_check_that_fails_is_told_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    EnvioFactory(state=EnvioState.SENT)

    def broken(*_: object, **__: object) -> list[int]:
        raise DatabaseError("no such table")

    monkeypatch.setattr(AttemptsMiscounted, "suspects", broken)

    run = run_slice(TONIGHT)

    assert run is not None
    assert run.failed == {"envios.attempts": "DatabaseError"}
    assert run.found["envios.phantom"] == 1
    assert ReconciliationRun.objects.get().finished_at is not None


def test_of_each_check_only_so_many_are_kept_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "KEPT", 2)
    EnvioFactory.create_batch(5, state=EnvioState.SENT)

    run = run_slice(TONIGHT)

    assert run is not None
    assert run.total == 5
    assert ReconciliationFinding.objects.count() == 2
