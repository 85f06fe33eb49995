"""Captures: whose number a promoter may bring in."""

from __future__ import annotations

import datetime as dt

import pytest

from opportunities.assignment import capture
from opportunities.errors import Taken
from opportunities.timers import expiry
from tests.factories.opportunities import ClientFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, ask, one_of

pytestmark = pytest.mark.django_db


def test_who_let_a_lead_run_out_does_not_get_it_back_by_typing_its_phone(people: People) -> None:
    row = one_of(people.owner)
    expiry.expire_timers(NOW + dt.timedelta(minutes=61))
    person = capture.NewClient(name="Ana", phones=[row.client.contacts.all()[0].normalised], region="MX")
    with pytest.raises(Taken):
        capture.capture(people.owner, person, key="k", now=NOW + dt.timedelta(minutes=62))
    assert capture.capture(people.colleague, person, key="k", now=NOW + dt.timedelta(minutes=62)) == row
    assert findings() == []


def test_one_key_serves_a_request_and_a_capture(people: People) -> None:
    ClientFactory()
    key = "x" * 64
    assert ask(people.owner, 1, key).granted == 1
    row = capture.capture(people.owner, capture.NewClient(name="Eva", phones=["351 15 555 0001"]), key=key, now=NOW)
    other = capture.capture(
        people.owner, capture.NewClient(name="Ema", phones=["351 15 555 0002"]), key=key[:-1] + "y", now=NOW
    )
    assert row != other
    assert ask(people.owner, 1, key).granted == 1
    assert findings() == []
