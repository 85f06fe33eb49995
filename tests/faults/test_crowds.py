"""Faults 11, 27, 29 and 30: several of us at once."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from campaigns import lifecycle
from campaigns.audience import import_file
from campaigns.engine.sweep_cancelled import sweep_stragglers
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Attempt, Envio
from tests.factories.campaigns import CampaignFactory
from tests.faults import checker
from tests.faults.crowd import Crowd, at_once
from tests.plans import steps_of
from tests.simulator import REPOSITORY, simulator_thread

pytestmark = pytest.mark.django_db(transaction=True)


def judge(crowd: Crowd) -> list[str]:
    return checker.findings(crowd.provider.lines(), now=timezone.now()) + [
        f"I5: two messages at once on {tenant}" for tenant in crowd.overlaps
    ]


@pytest.mark.parametrize("slots", [1, 6])
def test_fault_11_six_identical_ticks_at_once(settings: Settings, slots: int) -> None:
    settings.SENDER_SLOTS = slots
    crowd = Crowd()
    for _ in range(3):
        crowd.campaign(envios=15, delay=0)

    reports = at_once([lambda: crowd.run_tick(crowd.now)] * 6)

    assert sum(report.ran for report in reports) == slots
    assert sum(report.claimed for report in reports) == 45
    assert len(crowd.provider.ledger) == 45
    assert crowd.states() == {EnvioState.SENT: 45}
    assert set(Envio.objects.values_list("attempts", flat=True)) == {1}
    assert judge(crowd) == []


def test_fault_11_ticks_as_processes_at_once(database_url: str, tmp_path: Path) -> None:
    crowd = Crowd()
    tenants = tuple(crowd.campaign(envios=6, delay=0).session.tenant_id for _ in range(2))
    with simulator_thread(tenants=tenants) as simulator:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url,
            "SESSION_MANAGER_BASE_URL": simulator.base_url,
            "SESSION_MANAGER_TOKEN": simulator.token,
            "SENDER_SLOTS": "4",
            "SENDER_JOURNAL_DIR": str(tmp_path / "journal"),
        }
        minute = crowd.now.isoformat()
        command = [sys.executable, "manage.py", "tick", "--json", "--minute", minute]
        running = [
            subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        reports = [json.loads(process.communicate(timeout=120)[0]) for process in running]
        ledger = [
            checker.Delivered(
                tenant=line["tenant"],
                client_message_id=Envio.objects.get(client_message_id=line["client_message_id"]).client_message_id,
                message_id=line["message_id"],
                at=line["delivered"],
            )
            for line in simulator.delivered()
        ]

    assert [report["ran"] for report in reports] == [True] * 4
    assert sum(report["claimed"] for report in reports) == 12
    assert crowd.states() == {EnvioState.SENT: 12}
    assert checker.findings(ledger, now=timezone.now()) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_fault_27_pause_and_cancel_race_the_claim_and_the_dispatch(verb: str, seed: int) -> None:
    crowd = Crowd(seconds=0.03)
    campaign = crowd.campaign(envios=40, delay=0)
    # From a little before the first message up to the middle of the run.
    wait = random.Random(seed).uniform(0.0, 0.4)

    def stop() -> dt.datetime:
        time.sleep(wait)
        if verb == "pause":
            lifecycle.pause(campaign, by=None, now=crowd.now)
        else:
            lifecycle.cancel(campaign, by=None, now=crowd.now, reason="Ya no")
        return crowd.real.now()

    def tick() -> dt.datetime:
        crowd.run_tick(crowd.now)
        return crowd.real.now()

    stopped_at, _ended = at_once([stop, tick])
    sweep_stragglers(crowd.now)

    sent = campaign.envios.filter(state=EnvioState.SENT).count()
    assert sent == len(crowd.provider.ledger) < 40
    rest = EnvioState.PENDING if verb == "pause" else EnvioState.CANCELLED
    assert crowd.states()[rest] == 40 - sent
    # What was being dispatched in that very moment still goes; nothing is begun afterwards.
    assert sum(line.at > stopped_at for line in crowd.provider.ledger) <= 1
    assert not Attempt.objects.filter(dispatched_at__gt=stopped_at).exists()
    assert judge(crowd) == []


def test_fault_29_an_import_while_ticks_run_changes_no_plan_and_starves_nobody(tmp_path: Path) -> None:
    crowd = Crowd(seconds=0.001)
    campaign = crowd.campaign(envios=60, delay=0)
    draft = CampaignFactory(state=CampaignState.DRAFT, session=campaign.session, team=campaign.team)
    path = tmp_path / "destinatarios.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["telefono", "nombre"])
        rows.writerows([f"+54911{n:08d}", f"Persona {n}"] for n in range(20_000_000, 20_020_000))
    plans: list[str] = []

    def tick() -> object:
        minute = crowd.now
        while Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING).exists():
            plans.append(_index_of_the_claim(campaign.pk))
            minute += dt.timedelta(minutes=1)
            crowd.run_tick(minute)
        return None

    def bring() -> object:
        return import_file(draft, path, by=draft.owner, now=crowd.now)

    _nothing, report = at_once([tick, bring])
    plans.append(_index_of_the_claim(campaign.pk))

    assert getattr(report, "accepted", None) == 20_000
    assert campaign.envios.filter(state=EnvioState.SENT).count() == 60
    assert len(set(plans)) == 1
    assert "envio_claim" in plans[0]
    assert judge(crowd) == []


def _index_of_the_claim(campaign_id: int) -> str:
    """What the planner would use to find a campaign's first due envío."""
    rows = Envio.objects.filter(campaign_id=campaign_id).due(timezone.now()).order_by("next_due", "id")[:1]
    if connection.vendor == "sqlite":
        return str(rows.explain()).split("USING ", 1)[1]
    [step] = steps_of(rows)
    return f"{step.key} {'sorted' if step.sorts else 'in order'}"


def test_fault_30_eight_writers_and_a_reader_with_a_long_snapshot(settings: Settings) -> None:
    settings.SENDER_SLOTS = 8
    crowd = Crowd()
    for _ in range(8):
        crowd.campaign(envios=6, delay=0)
    done: list[bool] = []

    def write() -> object:
        crowd.run_tick(crowd.now)
        done.append(True)
        return None

    def read() -> object:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN" if connection.vendor == "sqlite" else "START TRANSACTION WITH CONSISTENT SNAPSHOT")
            seen = {_pending(cursor)}
            while len(done) < 8:
                time.sleep(0.05)
                seen.add(_pending(cursor))
            cursor.execute("ROLLBACK")
        return seen

    *_nothing, seen = at_once([*[write] * 8, read])

    if connection.vendor == "sqlite":
        assert seen == {48}  # one snapshot, however long; READ COMMITTED sees the others commit
    assert crowd.states() == {EnvioState.SENT: 48}
    assert judge(crowd) == []


def _pending(cursor: object) -> int:
    cursor.execute("SELECT COUNT(*) FROM campaigns_envio WHERE state = 'pendiente'")  # type: ignore[attr-defined]
    [count] = cursor.fetchone()  # type: ignore[attr-defined]
    return int(count)
