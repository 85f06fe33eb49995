"""Whose it is: who may do what to which opportunity, and who sees it."""

from __future__ import annotations

import pytest

from opportunities.errors import NotAllowed
from opportunities.funnel import moves
from opportunities.models import Opportunity, QuotaEntry
from opportunities.supervision import decisions
from opportunities.timers import extension
from tests.factories.opportunities import Funnel
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db


def test_only_its_owner_and_their_supervisor_touch_an_opportunity(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    verbs = [
        lambda by: moves.move(row.pk, funnel.contacted, by=by, version=1, now=NOW),
        lambda by: moves.note(row.pk, by=by, text="Hola", now=NOW),
        lambda by: extension.extend(row.pk, by=by, version=1, now=NOW),
        lambda by: decisions.reassign(row.pk, people.colleague, by=by, now=NOW),
        lambda by: decisions.return_to_pool(row.pk, by=by, now=NOW),
        lambda by: decisions.close(row.pk, by=by, now=NOW, reason="Fin"),
        lambda by: decisions.give_back(row.pk, by=by, now=NOW),
    ]
    for by in (people.colleague.user, people.stranger.user, people.other_boss):
        for verb in verbs:
            with pytest.raises(NotAllowed):
                verb(by)
    for verb in verbs[3:]:
        with pytest.raises(NotAllowed):
            verb(people.owner.user)
    row.refresh_from_db()
    assert (row.version, row.events.count()) == (1, 1)


def test_what_does_not_exist_is_refused_as_somebody_elses_is(people: People) -> None:
    row = one_of(people.owner)
    with pytest.raises(NotAllowed) as nothing:
        decisions.close(10**6, by=people.other_boss, now=NOW, reason="Fin")
    with pytest.raises(NotAllowed) as theirs:
        decisions.close(row.pk, by=people.other_boss, now=NOW, reason="Fin")
    assert str(nothing.value).replace(str(10**6), "#") == str(theirs.value).replace(str(row.pk), "#")


def test_a_supervisor_gives_nothing_to_a_team_that_is_not_theirs(people: People) -> None:
    row = one_of(people.owner)
    with pytest.raises(NotAllowed):
        decisions.reassign(row.pk, people.stranger, by=people.boss, now=NOW)
    assert not QuotaEntry.objects.filter(quota__promoter=people.stranger).exists()
    people.stranger.desk.team.supervisors.add(people.boss)
    moved = decisions.reassign(row.pk, people.stranger, by=people.boss, now=NOW)
    assert (moved.owner, moved.team) == (people.stranger, people.stranger.desk.team)
    assert findings() == []


def test_a_pooled_one_is_seen_by_supervisors_of_its_team_and_nobody_else(people: People) -> None:
    row = one_of(people.owner)
    assert row in Opportunity.objects.visible_to(people.owner.user)
    decisions.return_to_pool(row.pk, by=people.boss, now=NOW)
    assert row in Opportunity.objects.visible_to(people.boss).pool()
    for user in (people.owner.user, people.colleague.user, people.other_boss):
        assert row not in Opportunity.objects.visible_to(user)
