"""Who gets which of many rows, what speaks against it, and that the operation does as it was worked out."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from leadmaster.accounts.roles import Role
from opportunities.enums import Concern, OpportunityState
from opportunities.models import BulkAction, DailyQuota, Opportunity, Promoter
from opportunities.supervision import bulk, decisions, sharing
from opportunities.supervision.frozen import Seen
from opportunities.supervision.undo import undo
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import CalendarFactory, ClientFactory, DeskFactory, PromoterFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, ask

S = OpportunityState


def pooled(people: People, number: int) -> list[int]:
    """So many that the owner had and lost to the pool."""
    owner = people.owner
    ClientFactory.create_batch(number)
    ask(owner, number, f"lote {Opportunity.objects.count()}")
    ids = list(Opportunity.objects.filter(owner=owner, state=S.ACTIVE).values_list("pk", flat=True))
    for pk in ids:
        decisions.return_to_pool(pk, by=people.boss, now=NOW)
    return ids


def team_of(people: People, number: int) -> list[Promoter]:
    return list(PromoterFactory.create_batch(number, desk=people.owner.desk))


def loads() -> list[int]:
    return sorted(Counter(Opportunity.objects.filter(state=S.ACTIVE).values_list("owner", flat=True)).values())


def test_several_share_evenly(people: People) -> None:
    ids, team = pooled(people, 10), team_of(people, 3)

    report = bulk.reassign(ids, *team, by=people.boss, now=NOW)

    assert len(report.done) == 10
    assert loads() == [3, 3, 4]
    assert findings() == []


def test_each_gets_no_more_than_quota_and_capacity_admit_and_the_others_get_the_rest(people: People) -> None:
    ids, (tired, full, free) = pooled(people, 12), team_of(people, 3)
    DailyQuota.objects.create(promoter=tired, day=NOW.date(), limit=5, used=4)
    Promoter.objects.filter(pk=full.pk).update(capacity=2)
    full.refresh_from_db()

    shared = sharing.share(ids, [tired, full, free], by=people.boss, now=NOW)
    report = bulk.reassign(ids, tired, full, free, by=people.boss, now=NOW)

    assert [len(share.rows) for share in shared.shares] == [1, 2, 9]
    assert shared.shares[0].limit == f"A {tired} le queda 1 de su cupo de hoy."
    assert shared.shares[1].limit == f"{full} llega a su máximo de oportunidades activas (2)."
    assert shared.shares[2].limit == ""
    assert {row.id: who.pk for row, who in shared.given.items()} == dict(
        Opportunity.objects.filter(pk__in=report.done).values_list("pk", "owner")
    )
    assert loads() == [1, 2, 9]


def test_what_nobody_has_room_for_stays_and_says_whose_room_ended(people: People) -> None:
    ids, (one, other) = pooled(people, 5), team_of(people, 2)
    for who in (one, other):
        DailyQuota.objects.create(promoter=who, day=NOW.date(), limit=2, used=0)

    report = bulk.reassign(ids, one, other, by=people.boss, now=NOW)

    assert len(report.done) == 4
    [why] = report.refused.values()
    assert str(one) in why
    assert str(other) in why
    assert "su cupo de hoy" in why


def test_nobody_gets_back_what_they_let_go_while_somebody_else_has_room(people: People) -> None:
    ids = pooled(people, 4)

    shared = sharing.share(ids, [people.owner, people.colleague], by=people.boss, now=NOW)

    assert [len(share.rows) for share in shared.shares] == [0, 4]
    assert not any(shared.concerns.values())


def test_what_speaks_against_a_receiver_is_told_and_left_out_when_asked(people: People) -> None:
    ClientFactory.create_batch(2)
    ask(people.colleague, 2, "de otra")
    mine = pooled(people, 3)
    others = list(Opportunity.objects.filter(owner=people.colleague).values_list("pk", flat=True))
    for pk in others:
        decisions.return_to_pool(pk, by=people.boss, now=NOW)

    told = sharing.share([*mine, *others], [people.owner], by=people.boss, now=NOW)
    report = bulk.reassign([*mine, *others], people.owner, by=people.boss, now=NOW, leave_out=[Concern.FORMER])

    assert told.shares[0].concerns == {Concern.FORMER: 3, Concern.COOL_DOWN: 3}
    assert set(report.done) == set(others)
    assert set(report.refused) == set(mine)
    assert all("vuelve a quien la dejó" in why for why in report.refused.values())


def test_a_cool_down_that_ended_speaks_against_nothing(people: People) -> None:
    [pk] = pooled(people, 1)
    later = NOW + dt.timedelta(days=8)

    told = sharing.share([pk], [people.owner], by=people.boss, now=later)

    assert told.concerns == {pk: frozenset({Concern.FORMER})}


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ("America/Argentina/Cordoba", "America/Mexico_City", True),
        ("America/Argentina/Cordoba", "America/Buenos_Aires", False),
        ("Pacific/Auckland", "Europe/Paris", True),
        ("UTC", "America/Mexico_City", False),
    ],
)
def test_a_team_of_another_country_is_told_by_where_its_clocks_hang(
    people: People, here: str, there: str, told: bool
) -> None:
    ids = pooled(people, 2)
    type(people.owner.desk.calendar).objects.update(time_zone=here)
    desk = DeskFactory(calendar=CalendarFactory(time_zone=there))
    desk.team.supervisors.add(people.boss)
    away = PromoterFactory(desk=desk)

    shared = sharing.share(ids, [away], by=people.boss, now=NOW)

    assert shared.of_concern(Concern.COUNTRY) == (2 if told else 0)


def test_nobody_of_a_team_that_one_does_not_supervise_gets_or_gives_anything(people: People) -> None:
    [pk] = pooled(people, 1)

    to_a_stranger = bulk.reassign([pk], people.stranger, by=people.boss, now=NOW)
    by_a_stranger = sharing.share([Seen(pk, 1)], [people.stranger], by=people.other_boss, now=NOW)

    assert to_a_stranger.refused == {pk: f"{people.stranger} no es de un equipo que supervises."}
    assert by_a_stranger.kept == {pk: f"No tienes permiso para decidir sobre la oportunidad #{pk}."}
    assert Opportunity.objects.get(pk=pk).state == S.POOL


def test_a_share_among_several_is_undone_whole(people: People) -> None:
    ids, team = pooled(people, 5), team_of(people, 2)
    bulk.reassign(ids, *team, by=people.boss, now=NOW)

    report = undo(BulkAction.objects.latest("pk"), by=people.boss, now=NOW)

    assert set(report.done) == set(ids)
    assert set(DailyQuota.objects.filter(promoter__in=team).values_list("used", flat=True)) == {0}
    assert findings() == []


@pytest.mark.parametrize("number", [2, 9])
def test_it_costs_the_same_for_two_and_for_nine(
    people: People, number: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ids, team = pooled(people, number), team_of(people, number)
    boss = type(people.boss).objects.get(pk=people.boss.pk)

    with django_assert_max_num_queries(14):
        sharing.share(ids, team, by=boss, now=NOW)


def test_an_administrator_shares_over_the_quota(people: People) -> None:
    ids, team, admin = pooled(people, 4), team_of(people, 2), UserFactory(role=Role.ADMINISTRATOR)
    for who in team:
        DailyQuota.objects.create(promoter=who, day=NOW.date(), limit=1, used=1)

    report = bulk.reassign(ids, *team, by=admin, now=NOW, over_quota=True, reason="Cierre de mes")

    assert len(report.done) == 4
    assert loads() == [2, 2]
