"""Level b of the proof: Hypothesis looks for an order of events that breaks the sender.

The same examples each time; `MACHINE_EXAMPLES=500` tries so many new ones.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from leadmaster.accounts.roles import Role
from tests.factories.accounts import UserFactory
from tests.faults.harness import World
from tests.faults.machine import PACE, Sender

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

EXAMPLES = os.environ.get("MACHINE_EXAMPLES")


def test_no_order_of_events_breaks_the_sender() -> None:
    world = World()
    first = world.campaign(max_attempts=3, delay=PACE)
    second = world.campaign(max_attempts=3, delay=PACE, session=first.session)
    third = world.campaign(max_attempts=3, delay=PACE, template="Hola {nombre}.")
    Sender.campaigns, Sender.boss = (first, second, third), UserFactory(role=Role.ADMINISTRATOR)

    run_state_machine_as_test(
        Sender,
        settings=settings(
            max_examples=int(EXAMPLES or 20),
            stateful_step_count=25,
            deadline=None,
            derandomize=EXAMPLES is None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
