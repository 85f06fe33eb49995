"""Whether a tick has anything to do: one question, worded once."""

from __future__ import annotations

import datetime as dt
import uuid
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.engine import idle_check, journal, restore_guard
from campaigns.engine.idle_check import glance
from campaigns.enums import EnvioState
from campaigns.models import Campaign, Envio
from tests.faults.harness import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    world = World()
    world.campaign(envios=2)
    world.run_minutes(2)
    idle_check._look.cache_clear()
    return world


def test_a_look_asks_one_question_and_words_it_once(world: World) -> None:
    assert not glance(world.now).forgotten
    with (
        patch.object(restore_guard, "columns", side_effect=AssertionError("worded again")),
        CaptureQueriesContext(connection) as captured,
    ):
        again = glance(world.now + dt.timedelta(minutes=1))
    assert not again.forgotten
    assert len(captured) == 1


def test_what_was_worded_before_sees_what_was_written_since(world: World) -> None:
    assert not glance(world.now).forgotten
    known = _drop_the_last_line()
    journal.write(uuid.uuid4(), known.client_message_id, world.now)
    assert glance(world.now).forgotten


@pytest.mark.parametrize("sent_here", [False, True])
def test_a_line_that_names_no_database_is_a_suspicion_while_its_envio_waits_here(world: World, sent_here: bool) -> None:
    world.fill(Campaign.objects.get(), 1)
    waiting = Envio.objects.get(state=EnvioState.PENDING)
    sent = Envio.objects.filter(state=EnvioState.SENT)[0]
    assert not glance(world.now).forgotten
    # As an earlier version wrote it.
    named = sent if sent_here else waiting
    with journal.path().open("a", encoding="ascii") as file:
        file.write(f"\n{uuid.uuid4()} {named.client_message_id} {world.now.isoformat(timespec='microseconds')}\n")
    assert len(restore_guard.suspicion().tail.lines) == 3
    assert glance(world.now).forgotten is not sent_here


def _drop_the_last_line() -> journal.Line:
    """So that the end has the length that it had when another one comes."""
    lines = journal.path().read_text(encoding="ascii").splitlines(keepends=True)
    last = journal.tail(50).lines[-1]
    journal.path().write_text("".join(line for line in lines if str(last.token) not in line), encoding="ascii")
    return last
