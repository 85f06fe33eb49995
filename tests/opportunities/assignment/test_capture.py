"""Captures: whose number a promoter may bring in."""

from __future__ import annotations

import datetime as dt

import pytest

from leadmaster.directory.models import Client
from opportunities.assignment import capture
from opportunities.enums import AbsencePolicy, OpportunityState
from opportunities.errors import Taken, Unavailable
from opportunities.supervision import absences, decisions
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


def test_who_is_absent_captures_nobody(people: People) -> None:
    today = NOW.date()
    absence = absences.announce(
        people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW
    )
    person = capture.NewClient(name="Eva", phones=["351 15 555 0001"])
    with pytest.raises(Unavailable, match="ausente"):
        capture.capture(people.owner, person, key="k", now=NOW)
    assert not Client.objects.exists()

    absences.call_off(absence, by=people.boss, now=NOW)
    assert capture.capture(people.owner, person, key="k", now=NOW).owner == people.owner
    assert findings() == []


def test_a_client_in_another_teams_pool_is_taken_and_stays_there(people: People) -> None:
    row = one_of(people.owner)
    decisions.return_to_pool(row.pk, by=people.boss, now=NOW)
    phone = row.client.contacts.all()[0].normalised
    person = capture.NewClient(name="Ana", phones=[phone])

    with pytest.raises(Taken, match="ya se está trabajando"):
        capture.capture(people.stranger, person, key="k", now=NOW)

    assert "ya se está trabajando" in capture.check_phone(phone, region="AR", promoter=people.stranger)
    row.refresh_from_db()
    assert (row.state, row.team_id) == (OpportunityState.POOL, people.owner.desk.team_id)
    # Of one's own team it is anybody's but the last owner's.
    assert capture.check_phone(phone, region="AR", promoter=people.colleague) == ""
    assert capture.capture(people.colleague, person, key="k", now=NOW) == row
    assert findings() == []
