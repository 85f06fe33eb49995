"""Phantoms are told by their rhythm: whatever their ids, their campaign and their day."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from campaigns.diagnosis.phantoms import Mark, runs_of

START = dt.datetime(2026, 3, 9, 14, 22, 11)  # noqa: DTZ001 - a wall clock


def run_of(
    count: int, *, first: dt.datetime = START, first_id: int = 900, jitter: int = 0, seed: int = 7
) -> list[Mark]:
    """A mark a minute, some minutes left out, each up to so many seconds off."""
    chance = random.Random(seed)
    marks, minute = [], 0
    for number in range(count):
        at = first + dt.timedelta(minutes=minute, seconds=chance.randint(-jitter, jitter))
        marks.append(Mark(first_id + number, at))
        minute += 2 if chance.random() < 0.02 else 1
    return marks


def real(count: int, shortest: float, longest: float, *, seed: int) -> list[Mark]:
    """What real sending looks like: a random pause after each."""
    chance, at, marks = random.Random(seed), START, []
    for number in range(count):
        at += dt.timedelta(seconds=chance.uniform(shortest, longest))
        marks.append(Mark(number + 1, at.replace(microsecond=0)))
    return marks


def accused(marks: list[Mark]) -> list[int]:
    return sorted(pk for run in runs_of(marks) for pk in run.ids)


def test_the_incident_as_it_was() -> None:
    """250 in 251 minutes, at second 49 or 50, with two minutes left out."""
    minutes = [minute for minute in range(252) if minute not in (60, 180)]
    day = START.replace(month=2, day=7, hour=8, minute=0, second=49)
    marks = [Mark(4570 + n, day + dt.timedelta(minutes=m, seconds=m // 50 % 2)) for n, m in enumerate(minutes)]

    [run] = runs_of(marks)

    assert run.ids == tuple(range(4570, 4820))
    assert (run.first, run.last) == (day, day + dt.timedelta(minutes=251, seconds=1))
    assert (run.left_out, run.spread, run.proven) == (2, 1, 0)
    assert run.as_json()["minutes"] == 251


@pytest.mark.parametrize("jitter", [0, 1, 2, 4])
@pytest.mark.parametrize("count", [30, 137])
def test_any_run_is_found_whole(count: int, jitter: int) -> None:
    marks = run_of(count, jitter=jitter)

    assert accused(marks) == [mark.id for mark in marks]


def test_their_order_and_their_ids_do_not_matter() -> None:
    marks = run_of(60)
    ids = [mark.id * 13 % 997 for mark in marks]
    shuffled = [mark._replace(id=pk) for mark, pk in zip(marks, ids, strict=True)]
    random.Random(3).shuffle(shuffled)

    assert accused(shuffled) == sorted(ids)


def test_two_runs_are_two() -> None:
    marks = [*run_of(40), *run_of(90, first=START + dt.timedelta(days=3, seconds=31), first_id=5_000)]

    assert [len(run.ids) for run in runs_of(marks)] == [40, 90]


def test_a_scheduler_that_drifts_is_followed() -> None:
    marks = [Mark(n, START + dt.timedelta(seconds=round(n * 60.25))) for n in range(240)]

    assert len(accused(marks)) == 240


def test_a_pause_that_is_always_the_same_is_no_scheduler() -> None:
    """61 seconds after each message is a sender's pause, not a run each minute."""
    assert accused([Mark(n, START + dt.timedelta(seconds=61 * n)) for n in range(240)]) == []


def test_the_turn_of_the_minute_is_no_jump() -> None:
    marks = run_of(60, first=START.replace(second=59), jitter=2)

    assert len(accused(marks)) == 60


@pytest.mark.parametrize(("shortest", "longest"), [(50, 130), (30, 90), (35, 110), (55, 75), (60, 120), (2_100, 2_300)])
def test_real_sending_is_never_accused(shortest: float, longest: float) -> None:
    for seed in range(25):
        assert accused(real(200, shortest, longest, seed=seed)) == []


def test_a_batch_in_one_second_is_none() -> None:
    at = START.replace(month=1, day=20)

    assert accused([Mark(pk, at) for pk in range(50)]) == []


def test_a_handful_proves_nothing() -> None:
    assert accused(run_of(5)) == []


def test_every_fifth_minute_is_not_one_a_minute() -> None:
    assert accused([Mark(n, START + dt.timedelta(minutes=5 * n)) for n in range(60)]) == []


def test_what_is_proven_is_not_accused() -> None:
    assert accused([mark._replace(proven=True) for mark in run_of(120)]) == []


def test_a_run_that_was_mostly_proven_is_none() -> None:
    marks = [mark._replace(proven=mark.id % 3 != 0) for mark in run_of(120)]

    assert accused(marks) == []


def test_a_few_proven_ones_do_not_save_the_rest() -> None:
    marks = [mark._replace(proven=mark.id % 30 == 0) for mark in run_of(120)]

    assert accused(marks) == [mark.id for mark in marks if not mark.proven]
    assert runs_of(marks)[0].proven == 4


def test_of_a_run_that_broke_halfway_only_the_second_half_is_accused() -> None:
    marks = [mark._replace(proven=number < 60) for number, mark in enumerate(run_of(120))]

    assert accused(marks) == [mark.id for mark in marks[60:]]


def test_real_messages_before_and_after_are_left_alone() -> None:
    run = run_of(80, first_id=1_000)
    before = [Mark(n, START - dt.timedelta(seconds=97 * (20 - n) + 13)) for n in range(20)]
    after = [Mark(2_000 + n, run[-1].at + dt.timedelta(seconds=83 + 101 * n)) for n in range(20)]

    assert accused([*before, *run, *after]) == [mark.id for mark in run]
