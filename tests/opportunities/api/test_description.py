"""What the description says of the desk is what happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from leadmaster.api import REFUSALS
from opportunities import errors
from tests.described import CHECKS, examples, resource
from tests.factories.accounts import token_of
from tests.factories.opportunities import ClientFactory
from tests.opportunities.api.world import World

FORMS = 8


def test_every_refusal_of_the_desk_has_its_status_and_code() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Refused)}

    assert len(kinds) > 8
    assert {kind for kind in kinds if kind not in REFUSALS} == set()
    assert {REFUSALS[kind].status for kind in kinds} == {403, 409, 422}


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """A request that ends closes its connection, and with it the transaction that the test runs in."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def rows(world: World) -> dict[str, int]:
    """One row of each kind that an address may name."""
    return {
        "opportunities": world.exit().pk,
        "bulk-actions": world.bulk_action().pk,
        "lots": world.lot().pk,
        "quotas": world.quota().pk,
        "promoters": world.promoter("colleague").pk,
        "desks": world.promoter("owner").desk_id,
        "syncs": world.sync().pk,
        "absences": world.absence().pk,
        "stages": world.funnel.new.pk,
        "stage-routes": world.route().pk,
        "calendars": world.promoter("owner").desk.calendar_id,
        "holidays": world.holiday().pk,
        "clients": ClientFactory.create().pk,
    }


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize("who", ["admin", "owner"])
@pytest.mark.parametrize("operation", examples(desk=True), ids=lambda operation: operation.label)
@hypothesis_settings(
    max_examples=FORMS,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_whatever_is_asked_is_answered_as_described(
    operation: Any, who: str, data: st.DataObject, rows: dict[str, int], world: World
) -> None:
    """Made-up requests, half of them about a row that exists, by somebody who may do all and by a promoter."""
    case = data.draw(operation.as_strategy())
    cache.clear()  # the throttle is not what is tried
    if case.path_parameters and int(case.path_parameters.get("id") or 0) % 2 == 0:
        case.path_parameters["id"] = rows[resource(case.path)]
    token = token_of(getattr(world, who))

    response = case.call(headers={"Authorization": f"Token {token}"})

    assert response.status_code != 500
    case.validate_response(response, checks=CHECKS)
