"""The pool in figures: how much, how old, of what, for how long; and how far it is counted."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from opportunities.enums import OpportunityState
from opportunities.models import CoolDown, DailyQuota, Opportunity, Promoter
from opportunities.queries import pool_figures
from opportunities.queries.pool_figures import figures, runway
from tests.factories.opportunities import ClientFactory, PromoterFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def promoter() -> Promoter:
    made: Promoter = PromoterFactory.create()
    return made


def pooled(promoter: Promoter, *days: float, province: str = "Jalisco") -> list[Opportunity]:
    """One in the pool of this promoter's team for each age in days, and a minute."""
    now = timezone.now()
    made = []
    for age in days:
        client = ClientFactory.create(province=province, availability=Availability.POOL)
        since = now - dt.timedelta(days=age, minutes=1)
        made.append(
            Opportunity.objects.create(
                client=client,
                open_client=client,
                team=promoter.desk.team,
                state=OpportunityState.POOL,
                state_since=since,
                stage_since=since,
                created_at=since,
            )
        )
    return made


def teams(*promoters: Promoter) -> list[int]:
    return [promoter.desk.team_id for promoter in promoters]


# --- What it is made of -----------------------------------------------------------------------------------------------


def test_each_value_of_the_facet_is_a_bar_of_ages_against_the_longest(promoter: Promoter) -> None:
    pooled(promoter, 0, 0, 40)
    pooled(promoter, 2, province="Colima")

    found = figures(teams(promoter), "province", now=timezone.now())

    assert [(line.value, line.count) for line in found.rows] == [("Jalisco", 3), ("Colima", 1)]
    fresh, old = found.rows[0].parts
    assert (fresh[0].count, old[0].count) == (2, 1)
    assert (fresh[1], old[1]) == ("0.000", "66.667")
    assert [(age.name, age.label) for age in found.ages] == [
        ("Menos de un día", "2"),
        ("1 a 3 días", "1"),
        ("Más de 30 días", "1"),
    ]
    assert (found.runway.label, found.cut) == ("4", False)


def test_another_teams_pool_is_not_in_ones_figures(promoter: Promoter) -> None:
    stranger = PromoterFactory.create()
    pooled(stranger, 0, 0)

    found = figures(teams(promoter), "province", now=timezone.now())

    assert (found.runway.total, found.ages, found.rows, found.oldest) == (0, [], [], None)
    assert figures([], "province", now=timezone.now()).runway.total == 0


def test_cool_downs_that_end_soon_are_counted_by_their_day(promoter: Promoter) -> None:
    [row, _other] = pooled(promoter, 0, 0)
    now = timezone.now()
    for whose, days in ((promoter, 3), (PromoterFactory.create(), 60)):
        CoolDown.objects.create(promoter=whose, client=row.client, until=now + dt.timedelta(days=days))

    found = figures(teams(promoter), "province", now=now)

    assert found.returning_total == 1
    assert [column.count for column in found.returning] == [0, 0, 0, 1, *[0] * 10]


@pytest.mark.parametrize(
    ("used", "total", "words"),
    [
        ({0: 4}, 10, "2,5 días"),
        ({0: 40}, 10, "menos de un día"),
        ({-2: 5, -3: 1}, 10, "2,0 días"),
        ({}, 10, "sin consumo"),
    ],
    ids=["today", "short", "last day", "nobody"],
)
def test_the_runway_is_at_todays_rate_or_that_of_the_last_day_that_had_any(
    promoter: Promoter, used: dict[int, int], total: int, words: str
) -> None:
    pooled(promoter, *[0] * total)
    for ahead, number in used.items():
        day = timezone.now().date() + dt.timedelta(days=ahead)
        DailyQuota.objects.create(promoter=promoter, day=day, limit=50, used=number)

    assert runway(teams(promoter), now=timezone.now()).words == words


def test_free_clients_are_stock_too_since_the_rate_is_of_all_that_is_handed_out(promoter: Promoter) -> None:
    pooled(promoter, 0)
    ClientFactory.create_batch(19)
    DailyQuota.objects.create(promoter=promoter, day=timezone.now().date(), limit=50, used=4)

    home = runway(teams(promoter), now=timezone.now())
    whole = figures(teams(promoter), "province", now=timezone.now())

    free = Client.objects.filter(availability=Availability.FREE).count()
    assert (home.total, home.free.number, home.words) == (1, free, "5,0 días")
    assert whole.runway == home
    assert whole.free == home.free


# --- How far it is counted --------------------------------------------------------------------------------------------


def test_counting_stops_where_the_number_tells_nothing_more(
    promoter: Promoter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_figures, "COUNTED", 3)
    pooled(promoter, *[0] * 5, *[2] * 3)
    DailyQuota.objects.create(promoter=promoter, day=timezone.now().date(), limit=50, used=2)

    found = figures(teams(promoter), "province", now=timezone.now())
    home = runway(teams(promoter), now=timezone.now())

    assert [(age.label, age.more) for age in found.ages] == [("3+", True), ("3", False)]
    assert (found.runway.label, found.runway.words, found.cut) == ("6+", "más de 3 días", True)
    assert (home.label, home.words) == ("3+", "más de 1 días")


def test_teams_share_the_window_of_the_oldest(promoter: Promoter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_figures, "WINDOW", 6)
    second, third = PromoterFactory.create(), PromoterFactory.create()
    pooled(promoter, 9, province="Colima")
    pooled(second, 1, 2, 3, 8, province="Jalisco")
    pooled(third, 1, 2, 3, 4, 50, province="Sonora")

    found = figures(teams(promoter, second, third), "province", now=timezone.now())

    # One of a third: what the first doesn't need is for the others.
    assert [(line.value, line.count) for line in found.rows] == [("Sonora", 3), ("Jalisco", 2), ("Colima", 1)]
    jalisco = next(line for line in found.rows if line.value == "Jalisco")
    assert [share.name for share, _x in jalisco.parts] == ["3 a 7 días", "7 a 30 días"]
    assert found.oldest == Opportunity.objects.order_by("state_since").values_list("state_since", flat=True).first()
    assert (found.runway.total, found.cut) == (10, True)


def test_a_pool_costs_the_same_however_much_is_in_it(promoter: Promoter) -> None:
    costs = []
    for _ in range(2):
        pooled(promoter, 0, 2, 5)
        with CaptureQueriesContext(connection) as queries:
            figures(teams(promoter), "province", now=timezone.now())
        costs.append(len(queries))

    assert costs == [10, 10]
