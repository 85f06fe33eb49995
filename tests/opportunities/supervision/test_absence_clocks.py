"""Clocks around an absence: stopped at its first instant, and by it alone."""

from __future__ import annotations

import datetime as dt

import pytest

from opportunities.enums import AbsencePolicy
from opportunities.errors import Unavailable, WrongState
from opportunities.funnel import moves
from opportunities.models import Opportunity
from opportunities.supervision import absences, decisions
from opportunities.timers import expiry
from tests.factories.opportunities import Funnel
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, ask, one_of

pytestmark = pytest.mark.django_db


def test_clocks_stop_with_the_absences_first_instant_however_late_the_cron_comes(people: People) -> None:
    row = one_of(people.owner)
    moves.note(row.pk, by=people.owner.user, text="Hola", now=NOW)
    tomorrow = NOW.date() + dt.timedelta(days=1)
    Opportunity.objects.filter(pk=row.pk).update(deadline=dt.datetime(2026, 3, 5, 3, 0, tzinfo=dt.UTC))
    absences.announce(
        people.owner, starts_on=tomorrow, ends_on=tomorrow, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW
    )
    # Ten hours into the absence: three were left at midnight.
    late = dt.datetime(2026, 3, 5, 10, 0, tzinfo=dt.UTC)
    absences.begin_and_end(late)
    assert expiry.expire_timers(late).expired == 0
    row.refresh_from_db()
    assert (row.deadline, row.paused_seconds) == (None, 3 * 3600)
    with pytest.raises(Unavailable):
        ask(people.owner, 1, now=late)
    absences.begin_and_end(dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC))
    row.refresh_from_db()
    assert (row.deadline, row.paused_seconds) == (dt.datetime(2026, 3, 6, 3, 0, tzinfo=dt.UTC), None)
    assert findings() == []


def test_a_stopped_clock_does_not_follow_its_row_to_another_promoter(people: People) -> None:
    row = one_of(people.owner)
    today = NOW.date()
    absence = absences.announce(
        people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW
    )
    absences.begin_and_end(NOW)
    moved = decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW)
    assert (moved.deadline, moved.paused_seconds) == (NOW + dt.timedelta(minutes=60), None)
    absences.call_off(absence, by=people.boss, now=NOW)
    with pytest.raises(WrongState):
        absences.call_off(absence, by=people.boss, now=NOW)
    assert findings() == []


def test_work_that_moves_on_while_its_owner_is_away_waits_with_all_its_time(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    today = NOW.date()
    absences.announce(people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW)
    absences.begin_and_end(NOW)
    row.refresh_from_db()
    moved = moves.move(row.pk, funnel.contacted, by=people.boss, version=row.version, now=NOW)
    assert (moved.deadline, moved.paused_seconds) == (None, 120 * 60)
    assert expiry.expire_timers(NOW + dt.timedelta(hours=8)).expired == 0
    assert findings() == []


def test_nobodys_work_is_given_away_for_an_absence_that_is_over(people: People) -> None:
    one_of(people.owner)
    today = NOW.date()
    absences.announce(
        people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.REDISTRIBUTE, by=people.boss, now=NOW
    )
    absences.begin_and_end(NOW + dt.timedelta(days=1))
    assert Opportunity.objects.get().owner == people.owner
