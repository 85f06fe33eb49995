"""Decisions about rows as they were seen: what another one did since is told, row by row, and not undone by the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from opportunities.enums import OpportunityState
from opportunities.funnel import moves
from opportunities.models import Opportunity, RetimingLine
from opportunities.supervision import bulk, decisions
from opportunities.supervision.bulk import BulkReport
from opportunities.supervision.frozen import Seen, by_id, read, seen, written
from opportunities.timers import recalculation
from tests.factories.opportunities import Funnel
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db


def test_what_is_written_is_read_again() -> None:
    rows = [Seen(7, 3), Seen(9), Seen(12, 1)]

    assert written(rows) == "7:3,9,12:1"
    assert read("7:3,9,12:1") == rows
    assert read(" 7:3 ,x,7:9,:4,9:,-1,1:2:3") == [Seen(7, 3)]
    assert by_id([9, Seen(7, 3), Seen(7, 9)]) == {7: 3, 9: None}


def exits(people: People, funnel: Funnel, number: int) -> list[Opportunity]:
    rows = [one_of(people.owner) for _number in range(number)]
    return [
        moves.move(row.pk, funnel.no_answer, by=people.owner.user, version=1, now=NOW, reason="No contesta")
        for row in rows
    ]


_VERBS: dict[str, Callable[[People, list[Seen]], BulkReport]] = {
    "pool": lambda people, rows: bulk.return_to_pool(rows, by=people.boss, now=NOW),
    "close": lambda people, rows: bulk.close(rows, by=people.boss, now=NOW, reason="Fin"),
    "give_back": lambda people, rows: bulk.give_back(rows, by=people.boss, now=NOW),
    "reassign": lambda people, rows: bulk.reassign(rows, people.colleague, by=people.boss, now=NOW),
}


@pytest.mark.parametrize("verb", _VERBS)
def test_what_somebody_else_decided_since_is_refused_by_row_with_who_did_what(
    people: People, funnel: Funnel, verb: str
) -> None:
    first, second = exits(people, funnel, 2)
    rows = [seen(first), seen(second)]
    decisions.give_back(first.pk, by=people.boss, now=NOW)
    moves.move(first.pk, funnel.no_answer, by=people.owner.user, version=3, now=NOW, reason="Otra vez")

    report = _VERBS[verb](people, rows)

    assert report.done == (second.pk,)
    assert str(people.owner.user) in report.refused[first.pk]
    assert "salida" in report.refused[first.pk]
    first.refresh_from_db()
    assert (first.state, first.version) == (OpportunityState.EXIT, 4)
    assert findings() == []


def test_whose_clock_has_only_to_follow_other_hours_is_not_refused(
    people: People, funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalculation, "AT_ONCE", 0)
    monkeypatch.setattr(recalculation, "BATCH", 0)
    row = one_of(people.owner)
    recalculation.change_stage(funnel.new, timer_minutes=90, by=people.boss, now=NOW)
    assert RetimingLine.objects.count() == 1

    report = bulk.return_to_pool([seen(row)], by=people.boss, now=NOW + dt.timedelta(minutes=1))

    assert report.done == (row.pk,)


def test_without_a_version_they_decide_about_what_it_has_become(people: People, funnel: Funnel) -> None:
    [row] = exits(people, funnel, 1)
    decisions.give_back(row.pk, by=people.boss, now=NOW)

    assert bulk.return_to_pool([row.pk], by=people.boss, now=NOW).done == (row.pk,)
