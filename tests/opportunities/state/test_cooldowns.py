"""Rests between a promoter and a client."""

from __future__ import annotations

import datetime as dt

import pytest

from opportunities.funnel import moves
from opportunities.models import CoolDown
from tests.factories.opportunities import Funnel
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db


def test_a_longer_cool_down_is_not_shortened_by_a_later_one(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    CoolDown.objects.create(promoter=people.owner, client=row.client, until=NOW + dt.timedelta(days=30))
    moves.move(row.pk, funnel.no_answer, by=people.owner.user, version=1, now=NOW)
    assert CoolDown.objects.get().until == NOW + dt.timedelta(days=30)
