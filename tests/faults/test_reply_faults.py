"""Faults 36 and 37: answering, with the process dying at every point, and with nobody to wake the cluster."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest

from campaigns.enums import EnvioState
from campaigns.models import Envio, Lane
from leadmaster.accounts.models import User
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import WrittenReplyFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults.harness import Crash, Crashes, World, start_over
from tests.faults.lives import a_turning_point
from tests.faults.world import START
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)


def answers_and_dies(session: WhatsAppSession, author: User, crashes: Crashes) -> World:
    """Somebody's reply is on its way when the process ends; a healthy world comes to rest afterwards."""
    start_over()
    world = World()
    WrittenReplyFactory(session=session, author=author, next_due=world.now, created_at=world.now)
    world.crashes = crashes
    with contextlib.suppress(Crash), crashes.armed():
        world.answer_now()
    world.restart()
    world.come_to_rest()
    return world


def test_fault_36_killed_anywhere_between_claim_and_answer_the_reply_is_told_truly() -> None:
    session = WhatsAppSessionFactory.create(state_at=START - dt.timedelta(hours=1))
    author, counting = UserFactory.create(), Crashes()
    answers_and_dies(session, author, counting)
    points = [at for at, _name in enumerate(counting.names) if a_turning_point(at, counting.names)]
    assert len(points) > 8

    wrong, outcomes = [], set()
    for at in points:
        world = answers_and_dies(session, author, Crashes(at=at))
        wrong += [f"{at} {counting.names[at]}: {finding}" for finding in world.findings()]
        outcomes.add(Envio.objects.get().state)
        assert not Lane.objects.filter(busy=True).exists()

    assert wrong == []
    assert outcomes <= {EnvioState.SENT, EnvioState.UNCERTAIN}
    assert EnvioState.UNCERTAIN in outcomes


def test_fault_37_a_wake_up_that_is_lost_costs_a_minute_and_no_reply() -> None:
    world = World()
    session = WhatsAppSessionFactory.create(state_at=world.now - dt.timedelta(hours=1))
    WrittenReplyFactory(session=session, next_due=world.now, created_at=world.now)

    world.run_minutes(1)

    assert Envio.objects.get().state == EnvioState.SENT
    assert world.findings() == []
