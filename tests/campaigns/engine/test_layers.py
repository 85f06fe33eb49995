"""S6: three layers keep two workers off one envío. Each is tried with the other two taken away.

Only row locks show it: on MariaDB.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import threading
import uuid
from collections import Counter

import pytest
from django.db.models import F

from campaigns.engine import claim as claiming
from campaigns.engine import statements
from campaigns.engine.plan import ensure_days, make_plan
from campaigns.engine.statements import Due
from campaigns.enums import EnvioState
from campaigns.models import Envio, Lane
from tests.faults.crowd import Crowd, at_once
from tests.faults.harness import start_over

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

WORKERS = 6
ROUNDS = 5


def claimed_in_a_rush(crowd: Crowd, *, lane_each: bool) -> list[int]:
    """Every worker claims at once: on a lane of its own (no help from lanes), or all on the same one."""
    plan = make_plan(crowd.now)
    ensure_days(plan)
    claiming.ensure_lanes(plan, now=crowd.now)
    lanes = list(Lane.objects.order_by("id").values_list("id", flat=True))
    mine = lanes if lane_each else lanes[:1] * WORKERS
    rounds = at_once([functools.partial(claiming.claim, [lane], plan.slots, now=crowd.now) for lane in mine])
    return [one.envio_id for found in rounds for one in found.claims]


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()


def rushes(crowd: Crowd, *, lane_each: bool) -> list[list[int]]:
    campaign = crowd.campaign(session__lane_count=WORKERS)
    found = []
    for _ in range(ROUNDS):
        start_over()
        crowd.fill(campaign, WORKERS * 2)
        found.append(claimed_in_a_rush(crowd, lane_each=lane_each))
    return found


# --- Taking layers away ----------------------------------------------------------------------------------------------


def without_the_row_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """All workers read the first due row before any of them writes."""
    together = threading.Barrier(WORKERS)

    def first_due(*, campaign_id: int, warm_only: bool, now: dt.datetime) -> Due | None:
        rows = Envio.objects.filter(campaign_id=campaign_id).due(now).order_by("next_due", "id")
        row = rows.values_list(*Due._fields[:-2]).first()
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=0.5)
        return None if row is None else Due._make((*row, None, None))

    monkeypatch.setattr(statements, "first_due", first_due)
    # A person is written to for the first time once: that would be a fourth layer here.
    monkeypatch.setattr(statements, "first_word", lambda row: row)


def without_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The UPDATE takes the row whatever its state has become."""

    def take_envio(envio_id: int, *, lane_id: int, token: uuid.UUID, lease_until: dt.datetime) -> bool:
        held = {"lane_id": lane_id, "token": token, "lease_until": lease_until}
        rows = Envio.objects.filter(id=envio_id)
        return bool(rows.update(state=EnvioState.SENDING, attempts=F("attempts") + 1, **held))

    monkeypatch.setattr(statements, "take_envio", take_envio)


def doubled(rush: list[int]) -> list[int]:
    return [envio_id for envio_id, times in Counter(rush).items() if times > 1]


def test_with_no_layer_left_the_same_row_is_taken_twice(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the three tests below could fail."""
    without_the_row_lock(monkeypatch)
    without_the_guard(monkeypatch)

    assert any(doubled(rush) for rush in rushes(crowd, lane_each=True))


def test_the_lane_alone_keeps_two_workers_off_one_envio(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    without_the_row_lock(monkeypatch)
    without_the_guard(monkeypatch)

    for rush in rushes(crowd, lane_each=False):
        assert len(rush) == 1


def test_the_row_lock_alone_keeps_two_workers_off_one_envio(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    without_the_guard(monkeypatch)

    for rush in rushes(crowd, lane_each=True):
        assert len(rush) == WORKERS
        assert doubled(rush) == []


def test_the_guarded_update_alone_keeps_two_workers_off_one_envio(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_row_lock(monkeypatch)

    for rush in rushes(crowd, lane_each=True):
        assert rush
        assert doubled(rush) == []


def test_all_together_every_worker_gets_a_row_of_its_own(crowd: Crowd) -> None:
    for rush in rushes(crowd, lane_each=True):
        assert len(set(rush)) == WORKERS
