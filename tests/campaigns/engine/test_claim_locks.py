"""What claims do while somebody else holds the rows: real locks, so on MariaDB alone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from django.db.models import F

from campaigns.engine.claim import Round, candidates, claim, ensure_lanes
from campaigns.engine.plan import Plan, ensure_days, make_plan
from campaigns.enums import EnvioState
from campaigns.models import Campaign, Envio, Lane, SessionDay
from tests.faults.harness import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]


@contextlib.contextmanager
def somebody_else(act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Another connection that did `act` and has not committed; call the value to let it commit."""
    did, may_end = threading.Event(), threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                act()
                did.set()
                may_end.wait(timeout=20)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert did.wait(timeout=10)
    try:
        yield may_end.set
    finally:
        may_end.set()
        thread.join(timeout=20)


def planned(world: World, **campaign: object) -> tuple[Plan, Campaign]:
    made = world.campaign(**campaign)  # type: ignore[arg-type]
    plan = make_plan(world.now)
    ensure_days(plan)
    ensure_lanes(plan, now=world.now)
    return plan, made


def claim_everything(world: World, plan: Plan) -> Round:
    return claim([lane.lane_id for lane in candidates(plan.slots, until=world.now)], plan.slots, now=world.now)


def test_a_row_that_another_worker_holds_is_passed_over_without_waiting() -> None:
    world = World()
    plan, campaign = planned(world, envios=2)
    first, second = Envio.objects.filter(campaign=campaign).order_by("next_due", "id")

    with somebody_else(lambda: Envio.objects.select_for_update().get(pk=first.pk)), _patience(1):
        found = claim_everything(world, plan)

    assert [one.envio_id for one in found.claims] == [second.pk]


def test_a_lane_that_another_worker_holds_is_passed_over_without_waiting() -> None:
    world = World()
    plan, _campaign = planned(world, envios=2, session__lane_count=2)
    taken, free = Lane.objects.order_by("id")

    with somebody_else(lambda: Lane.objects.select_for_update().get(pk=taken.pk)), _patience(1):
        found = claim_everything(world, plan)

    assert [one.lane_id for one in found.claims] == [free.pk]


def test_a_limit_that_is_reached_in_the_same_moment_is_not_exceeded() -> None:
    world = World()
    plan, campaign = planned(world, envios=2, session__daily_limit=5)
    SessionDay.objects.update(used=4)

    def take_the_last_one() -> None:
        SessionDay.objects.update(used=F("used") + 1)

    with somebody_else(take_the_last_one) as let_it_commit:
        threading.Timer(0.5, let_it_commit).start()
        found = claim_everything(world, plan)

    assert found.claims == []
    assert SessionDay.objects.get().used == 5
    assert Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING).count() == 2


@contextlib.contextmanager
def _patience(seconds: int) -> Iterator[None]:
    """Waiting for a lock longer than this is an error."""
    with connection.cursor() as cursor:
        cursor.execute("SET innodb_lock_wait_timeout = %s", [seconds])
    try:
        yield
    finally:
        connection.close()
