"""Steps along the funnel."""

from __future__ import annotations

import pytest

from opportunities.enums import OpportunityState
from opportunities.errors import Refused
from opportunities.funnel import moves
from tests.factories.opportunities import Funnel
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db


def test_a_refusal_writes_nothing(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    with pytest.raises(Refused):
        moves.move(row.pk, funnel.sold, by=people.owner.user, version=1, now=NOW, data={"amount": "nada"})
    row.refresh_from_db()
    assert (row.state, row.version, row.events.count()) == (OpportunityState.ACTIVE, 1, 1)
