"""What the description says of the desk is what happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmaster.api import REFUSALS
from opportunities import errors
from tests.described import check_answered_as_described, examples, made_up
from tests.factories.opportunities import ClientFactory
from tests.opportunities.api.world import World


def test_every_refusal_of_the_desk_has_its_status_and_code() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Refused)}

    assert len(kinds) > 8
    assert {kind for kind in kinds if kind not in REFUSALS} == set()
    assert {REFUSALS[kind].status for kind in kinds} == {403, 409, 422}


@pytest.fixture
def rows(world: World) -> dict[str, int]:
    """One row of each kind that an address may name."""
    return {
        "opportunities": world.exit().pk,
        "bulk-actions": world.bulk_action().pk,
        "lots": world.lot().pk,
        "contacts": world.contact().pk,
        "reminders": world.reminder().pk,
        "conversations": world.talk().pk,
        "quotas": world.quota().pk,
        "people": world.colleague.pk,
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


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("who", ["admin", "owner"])
@pytest.mark.parametrize("operation", examples(desk=True), ids=lambda operation: operation.label)
@made_up
@given(data=st.data())
def test_whatever_is_asked_is_answered_as_described(
    operation: Any, who: str, data: st.DataObject, rows: dict[str, int], world: World
) -> None:
    """By somebody who may do all and by a promoter."""
    check_answered_as_described(operation, data, by=getattr(world, who), rows=rows)
