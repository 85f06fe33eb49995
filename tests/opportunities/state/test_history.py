"""The lines of one row never run backwards, whoever asked first and waited longest."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from opportunities.enums import EventKind
from opportunities.funnel import moves
from opportunities.models import Opportunity
from opportunities.supervision import bulk, decisions
from opportunities.timers import recalculation
from tests.factories.opportunities import Funnel
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db

SECOND = dt.timedelta(seconds=1)


def times(row: Opportunity) -> list[dt.datetime]:
    return list(row.events.order_by("id").values_list("at", flat=True))


def test_who_asked_first_and_waited_writes_after_who_came_before(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    moves.note(row.pk, by=people.owner.user, text="Hola", now=NOW + 2 * SECOND)
    moves.move(row.pk, funnel.contacted, by=people.owner.user, version=1, now=NOW + SECOND)
    moves.note(row.pk, by=people.owner.user, text="Y otra", now=NOW)
    decisions.return_to_pool(row.pk, by=people.boss, now=NOW)

    assert times(row) == [NOW, *[NOW + 2 * SECOND] * 4]
    assert all(one <= other for one, other in itertools.pairwise(times(row)))
    assert findings() == []


def test_a_change_of_timer_that_follows_late_tells_its_own_moment(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    moves.note(row.pk, by=people.owner.user, text="Hola", now=NOW + 2 * SECOND)
    recalculation.change_stage(funnel.new, timer_minutes=90, by=people.boss, now=NOW + SECOND)

    line = row.events.get(kind=EventKind.RETIMED)
    assert line.at == NOW + 2 * SECOND
    assert line.data["since"] == (NOW + SECOND).isoformat()
    row.refresh_from_db()
    assert (row.deadline, row.clock_since) == (NOW + dt.timedelta(minutes=90), NOW + SECOND)


def test_of_many_rows_each_has_its_own_last_line(people: People) -> None:
    rows = [one_of(people.owner) for _number in range(3)]
    moves.note(rows[1].pk, by=people.owner.user, text="Hola", now=NOW + 5 * SECOND)

    bulk.return_to_pool([row.pk for row in rows], by=people.boss, now=NOW + SECOND)

    assert [times(row)[-1] - NOW for row in rows] == [SECOND, 5 * SECOND, SECOND]
