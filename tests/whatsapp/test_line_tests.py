"""A line writes to itself: at most once, never from a page, and told as truthfully as any message."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leadmaster.accounts.models import User
from tests.factories.accounts import UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator
from whatsapp.line_tests import LineTestRefused, ask, run_waiting
from whatsapp.models import LineTest, State, WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now().replace(microsecond=0)
OWN = "+5493510000051"
Step = LineTest.State


@pytest.fixture
def boss() -> User:
    user: User = UserFactory()
    return user


def line(simulator: Simulator, **fields: object) -> WhatsAppSession:
    given = {"tenant_id": "51", "base_url": simulator.base_url, "phone": OWN, **fields}
    session: WhatsAppSession = WhatsAppSessionFactory(**given)
    return session


def test_it_goes_to_the_lines_own_number_with_the_gateways_proof(simulator: Simulator, boss: User) -> None:
    test = ask(line(simulator), by=boss, now=NOW)

    assert run_waiting(NOW) == 1

    [delivered] = simulator.delivered()
    assert delivered["to"] == "5493510000051@c.us"
    test.refresh_from_db()
    assert (test.state, test.open_for, test.ended_at) == (Step.SENT, None, NOW)
    assert test.message_id


def test_it_is_sent_once_however_often_the_task_runs(
    simulator: Simulator, boss: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ask(line(simulator), by=boss, now=NOW)

    assert [run_waiting(NOW), run_waiting(NOW)] == [1, 0]

    assert len(simulator.delivered()) == 1
    with django_assert_num_queries(1):
        assert run_waiting(NOW) == 0


def test_a_refusal_is_told_in_the_gateways_words(simulator: Simulator, boss: User) -> None:
    session = line(simulator)
    simulator.set_tenant("51", state="DISCONNECTED")
    test = ask(session, by=boss, now=NOW)

    run_waiting(NOW)

    test.refresh_from_db()
    assert test.state == Step.FAILED
    assert test.detail


def test_whoever_died_with_it_leaves_a_doubt_and_it_is_not_sent_again(simulator: Simulator, boss: User) -> None:
    test = ask(line(simulator), by=boss, now=NOW)
    LineTest.objects.update(state=Step.SENDING, started_at=NOW)

    run_waiting(NOW + dt.timedelta(minutes=1))
    test.refresh_from_db()
    assert test.state == Step.SENDING, "somebody may still be at it"
    run_waiting(NOW + dt.timedelta(minutes=6))

    test.refresh_from_db()
    assert (test.state, test.open_for) == (Step.UNKNOWN, None)
    assert simulator.delivered() == []


def test_one_that_nobody_took_in_time_is_not_sent_late(simulator: Simulator, boss: User) -> None:
    test = ask(line(simulator), by=boss, now=NOW)

    assert run_waiting(NOW + dt.timedelta(minutes=16)) == 0

    test.refresh_from_db()
    assert test.state == Step.FAILED
    assert "cluster" in test.detail


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": State.DISCONNECTED}, "no está lista"),
        ({"paused_at": NOW}, "no está lista"),
        ({"phone": ""}, "no se sabe el número"),
    ],
)
def test_what_can_not_send_is_not_tested(
    simulator: Simulator, boss: User, fields: dict[str, object], sentence: str
) -> None:
    with pytest.raises(LineTestRefused, match=sentence):
        ask(line(simulator, **fields), by=boss, now=NOW)

    assert not LineTest.objects.exists()


def test_one_at_a_time_and_five_an_hour(simulator: Simulator, boss: User) -> None:
    session = line(simulator)
    for _ in range(5):
        ask(session, by=boss, now=NOW)
        with pytest.raises(LineTestRefused, match="en camino"):
            ask(session, by=boss, now=NOW)
        run_waiting(NOW)

    with pytest.raises(LineTestRefused, match="5 veces"):
        ask(session, by=boss, now=NOW + dt.timedelta(minutes=59))
    ask(session, by=boss, now=NOW + dt.timedelta(minutes=61))


@pytest.mark.parametrize(
    "row", [{"state": Step.SENT, "ended_at": NOW}, {"state": Step.SENT, "message_id": "x"}, {"state": "otro"}]
)
def test_the_database_refuses_one_without_proof_or_end(
    simulator: Simulator, boss: User, row: dict[str, object]
) -> None:
    session = line(simulator)

    with pytest.raises(IntegrityError), transaction.atomic():
        LineTest.objects.create(session=session, by=boss, asked_at=NOW, **row)
