"""Sums that only grow, whoever asks and whenever they are carried on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from campaigns import tally
from campaigns.enums import AttemptOutcome
from campaigns.models import Attempt, AttemptTally
from tests.factories.campaigns import AttemptFactory, EnvioFactory
from tests.plans import analyse, new_uuid, numbers, steps_of

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
O = AttemptOutcome  # noqa: E741 - as the engine's tests call their states


def begun() -> None:
    """The row is there before anything is sent, as an installation's is within its first minute."""
    tally.roll_up(NOW - dt.timedelta(days=1))


def tried(outcome: AttemptOutcome, *, minutes_ago: float, **fields: Any) -> Attempt:
    attempt: Attempt = AttemptFactory(
        outcome=outcome,
        claimed_at=NOW - dt.timedelta(minutes=minutes_ago),
        finished_at=None if outcome is O.OPEN else NOW,
        **fields,
    )
    return attempt


def sums() -> dict[str, int]:
    return {outcome.name: number for outcome, number in tally.current().outcomes.items() if number}


def test_what_was_there_before_is_not_counted() -> None:
    tried(O.SENT, minutes_ago=60)
    begun()

    assert sums() == {}


def test_an_attempt_counts_once_whether_or_not_it_was_carried_on() -> None:
    begun()
    tried(O.SENT, minutes_ago=60)
    tried(O.REFUSED, minutes_ago=59)
    tried(O.SENT, minutes_ago=1)
    tried(O.OPEN, minutes_ago=0)
    expected = {"SENT": 2, "REFUSED": 1}
    assert sums() == expected

    assert tally.roll_up(NOW) == 2
    assert sums() == expected
    assert tally.roll_up(NOW) == 0
    assert tally.roll_up(NOW + dt.timedelta(minutes=10)) == 1
    assert sums() == expected


def test_an_open_attempt_is_waited_for_and_what_is_behind_it_counts_all_the_same() -> None:
    begun()
    slow = tried(O.OPEN, minutes_ago=20)
    tried(O.SENT, minutes_ago=10)

    assert tally.roll_up(NOW) == 0
    assert sums() == {"SENT": 1}

    Attempt.objects.filter(pk=slow.pk).update(outcome=O.UNKNOWN, finished_at=NOW)
    assert tally.roll_up(NOW) == 2
    assert sums() == {"SENT": 1, "UNKNOWN": 1}


def test_an_attempt_that_nobody_will_close_stops_nothing() -> None:
    begun()
    tried(O.OPEN, minutes_ago=61)
    tried(O.SENT, minutes_ago=10)

    assert tally.roll_up(NOW) == 1
    assert sums() == {"SENT": 1}


def test_a_claim_that_is_still_being_committed_is_not_passed_over() -> None:
    """Its number was given out before a later one's that is there already."""
    begun()
    late = tried(O.SENT, minutes_ago=4)
    number = late.pk
    late.delete()
    tried(O.SENT, minutes_ago=3)

    tally.roll_up(NOW)
    late.pk = number
    late.save(force_insert=True)

    assert sums() == {"SENT": 2}
    tally.roll_up(NOW + dt.timedelta(minutes=10))
    assert sums() == {"SENT": 2}


def test_lateness_and_answers_fall_into_their_bounds() -> None:
    begun()
    due = NOW - dt.timedelta(minutes=30)
    for late, answer in ((0.5, 800), (1.0, 1_000), (7.0, 25_000), (4_000.0, 200_000)):
        tried(O.SENT, minutes_ago=29, due_at=due, dispatched_at=due + dt.timedelta(seconds=late), duration_ms=answer)
    tried(O.NOT_SENT, minutes_ago=29, due_at=due, duration_ms=10)

    for _ in range(2):
        figures = tally.current()
        assert figures.late.counts == [2, 0, 0, 1, 0, 0, 0, 0, 0, 1]
        assert figures.late.total == pytest.approx(4_008.5)
        assert figures.answers.counts == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]
        assert figures.answers.total == pytest.approx(226.8)
        tally.roll_up(NOW)


def test_sums_with_other_bounds_are_begun_anew() -> None:
    AttemptTally.objects.create(pk=1, figures={"late": {"counts": [1, 2], "total": 3}}, counted_at=NOW)

    assert sum(tally.current().late.counts) == 0


def test_a_look_costs_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    begun()
    for _ in range(3):
        tried(O.SENT, minutes_ago=1)

    with django_assert_num_queries(2):
        tally.current()


@pytest.mark.mariadb
def test_a_look_reads_the_end_of_the_log_by_its_key() -> None:
    attempt = AttemptFactory(envio=EnvioFactory())
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO campaigns_attempt (envio_id, token, session_day_id, schedule_day_id, refunded, counted, worker,
                    claimed_at, outcome, host, code, detail, message_id)
                SELECT %s, {new_uuid()}, %s, %s, 0, 1, 'x', %s,
                    'abierto', '', '', '', '' FROM {numbers(1, 5_000)}""",
            [attempt.envio_id, attempt.session_day_id, attempt.schedule_day_id, NOW],
        )
    analyse("campaigns_attempt")
    newest = Attempt.objects.order_by("-id").values_list("id", flat=True)[0]

    (step,) = steps_of(Attempt.objects.filter(id__gt=newest - 50).order_by("id")[: tally._BATCH])

    assert (step.access, step.key, step.sorts) == ("range", "PRIMARY", False)
    assert step.rows < 500
