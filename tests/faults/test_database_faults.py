"""Faults 5, 19 and 21: what the database does under the sender. (20 is in tests/chaos, 30 in test_crowds, 31 beside
the journal.)"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from campaigns.enums import EnvioState
from campaigns.models import Attempt, Campaign, Envio
from tests.faults.behaviours import BY_NAME, OK, Kind
from tests.faults.harness import Crashes, World, start_over

pytestmark = pytest.mark.django_db(transaction=True)

LOST = OperationalError(2013, "Lost connection to server during query")
DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")
LOCK_WAIT = OperationalError(1205, "Lock wait timeout exceeded; try restarting transaction")
BUSY = OperationalError("database is locked")


@pytest.fixture
def campaign() -> Campaign:
    return World().campaign(max_attempts=3)


def one_life(campaign: Campaign, kind: Kind, crashes: Crashes) -> tuple[World, BaseException | None]:
    """One tick that meets one database error, and then a healthy world. Returns what the tick raised, too."""
    start_over()
    world = World()
    world.fill(campaign, 2)
    world.provider.behave = kind
    world.crashes = crashes
    raised: BaseException | None = None
    with crashes.armed():
        try:
            world.tick()
        except OperationalError as error:
            raised = error
    world.crashes = None
    world.provider.behave = OK
    world.come_to_rest()
    return world, raised


def points(campaign: Campaign, kind: Kind, wanted: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    counting = Crashes()
    one_life(campaign, kind, counting)
    found = [(at, name) for at, name in enumerate(counting.names) if wanted(name)]
    assert len(found) > 10
    yield from found


def _commits(name: str) -> bool:
    """A COMMIT, and a write of its own once it is done: there "lost" leaves open whether it held."""
    return "COMMIT" in name or name.startswith(("after INSERT", "after UPDATE", "after DELETE"))


def _writes(name: str) -> bool:
    return name.startswith(("before INSERT", "before UPDATE", "before DELETE", "before COMMIT"))


@pytest.mark.parametrize("name", ["ok", "409 not ready"])
def test_fault_05_the_connection_is_lost_at_commit_whether_it_held_or_not(campaign: Campaign, name: str) -> None:
    kind, wrong = BY_NAME[name], []
    for at, point in points(campaign, kind, _commits):
        world, raised = one_life(campaign, kind, Crashes(at=at, error=LOST))
        wrong += [f"{at} {point}: {finding}" for finding in world.findings(gap=1.0)]
        if world.states() != {EnvioState.SENT: 2}:
            wrong.append(f"{at} {point}: {world.states()} after {raised}")

    assert wrong == []


@pytest.mark.parametrize("error", [DEADLOCK, LOCK_WAIT, BUSY], ids=["deadlock", "lock wait", "sqlite busy"])
def test_fault_19_what_the_database_gives_up_on_is_done_again_whole(
    campaign: Campaign, error: OperationalError
) -> None:
    wrong = []
    for at, point in points(campaign, OK, _writes):
        world, raised = one_life(campaign, OK, Crashes(at=at, error=error))
        wrong += [f"{at} {point}: {finding}" for finding in world.findings(gap=1.0)]
        if raised is not None or world.states() != {EnvioState.SENT: 2}:
            wrong.append(f"{at} {point}: {world.states()} after {raised}")
        if set(Envio.objects.values_list("attempts", flat=True)) != {1}:
            wrong.append(f"{at} {point}: a try was burnt")

    assert wrong == []


@pytest.mark.parametrize(
    "error",
    [
        OperationalError(1021, "Disk full"),
        OperationalError(1290, "The server is running with the --read-only option"),
        OperationalError("database or disk is full"),
        OperationalError("attempt to write a readonly database"),
    ],
    ids=["disk full", "read-only", "sqlite full", "sqlite read-only"],
)
def test_fault_21_a_database_that_takes_no_answers_leaves_doubts_and_is_not_hammered(
    error: OperationalError, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    for _ in range(3):
        world.campaign(envios=4, delay=1)
    refused: list[str] = []

    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if world.provider.sends and sql.startswith(("INSERT", "UPDATE", "DELETE")):
            refused.append(sql)
            raise error
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse), contextlib.suppress(OperationalError):
        world.tick()

    arrived = len(world.provider.ledger)
    assert 1 <= arrived <= 3
    assert len(refused) < 60
    assert [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert world.states()[EnvioState.SENDING] == Attempt.objects.count()
    world.restart()
    world.come_to_rest()
    assert world.states() == {EnvioState.UNCERTAIN: arrived, EnvioState.SENT: 12 - arrived}
    assert world.findings() == []
