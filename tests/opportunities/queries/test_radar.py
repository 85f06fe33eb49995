"""What the radar counts: exits that come too fast or just before the quota renews, captures of known people."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadmaster.calendars.arithmetic import CLOSED, Calendar, Hours
from opportunities.assignment import capture
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import EventKind
from opportunities.funnel import moves
from opportunities.models import Opportunity, Promoter
from opportunities.queries import radar
from opportunities.queries.radar import Figure, last_hour
from tests.factories.opportunities import CalendarFactory, ClientFactory, DeskFactory, Funnel, PromoterFactory

pytestmark = pytest.mark.django_db(transaction=True)

# A Wednesday.
NOON = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
SINCE = NOON - dt.timedelta(days=1)
OFFICE = Hours.of((dt.time(9), dt.time(13)), (dt.time(16), dt.time(18)))


@pytest.fixture
def funnel() -> Funnel:
    return Funnel()


@pytest.fixture
def promoter(funnel: Funnel) -> Promoter:
    """Of a desk that works from 9 to 13 and from 16 to 18."""
    hours = [(day, window.opens, window.closes) for day in range(7) for window in OFFICE.windows]
    found: Promoter = PromoterFactory.create(desk=DeskFactory.create(calendar=CalendarFactory.create(windows=hours)))
    return found


def give(promoter: Promoter, *, at: dt.datetime) -> Opportunity:
    ClientFactory.create(created_at=NOON - dt.timedelta(days=30))
    request_lot(promoter, Filters(), 1, key=f"{at}{Opportunity.objects.count()}", now=at)
    return Opportunity.objects.filter(owner=promoter).latest("id")


def leave(row: Opportunity, funnel: Funnel, *, at: dt.datetime) -> Opportunity:
    assert row.owner is not None
    moves.move(row.pk, funnel.no_answer, by=row.owner.user, version=row.version, now=at)
    return row


def test_an_exit_is_fast_within_ten_minutes_of_getting_it(promoter: Promoter, funnel: Funnel) -> None:
    nine = dt.timedelta(minutes=9, seconds=59)
    fast = leave(give(promoter, at=NOON), funnel, at=NOON + nine)
    leave(give(promoter, at=NOON), funnel, at=NOON + dt.timedelta(minutes=10))
    teams = [promoter.desk.team_id]
    [one] = radar.radar(teams, since=SINCE)
    assert (one.promoter_id, one.exits, one.fast_exits, one.fast_share) == (promoter.pk, 2, 1, 0.5)
    [line] = radar.behind(Figure.FAST, promoter.pk, teams, since=SINCE)
    assert (line.opportunity, line.kind) == (fast, EventKind.EXITED)


def test_an_exit_stays_its_promoters_when_another_team_has_the_client_by_now(
    promoter: Promoter, funnel: Funnel
) -> None:
    left = leave(give(promoter, at=NOON), funnel, at=NOON + dt.timedelta(minutes=1))
    other = PromoterFactory.create()
    Opportunity.objects.filter(pk=left.pk).update(team=other.desk.team)
    assert [one.exits for one in radar.radar([promoter.desk.team_id], since=SINCE)] == [1]
    assert radar.radar([other.desk.team_id], since=SINCE) == []
    assert radar.behind(Figure.FAST, promoter.pk, [promoter.desk.team_id], since=SINCE).exists()


@pytest.mark.parametrize(("hour", "minute", "late"), [(16, 59, 0), (17, 0, 1), (17, 59, 1), (20, 30, 1), (12, 59, 0)])
def test_an_exit_is_late_in_the_last_hour_of_the_days_opening_and_after_it(
    promoter: Promoter, funnel: Funnel, hour: int, minute: int, late: int
) -> None:
    row = give(promoter, at=NOON.replace(hour=9))
    Opportunity.objects.filter(pk=row.pk).update(deadline=NOON + dt.timedelta(days=9))
    row.refresh_from_db()
    leave(row, funnel, at=NOON.replace(hour=hour, minute=minute))
    teams = [promoter.desk.team_id]
    [one] = radar.radar(teams, since=SINCE)
    assert (one.exits, one.late_exits) == (1, late)
    assert [line.opportunity for line in radar.behind(Figure.LATE, promoter.pk, teams, since=SINCE)] == [row] * late


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (OFFICE, dt.time(17)),
        (Hours.of((dt.time(9), dt.time(10)), (dt.time(16), dt.time(16, 20))), dt.time(9, 20)),
        (Hours.of((dt.time(9), dt.time(9, 30))), dt.time(0)),
        (CLOSED, dt.time(23)),
    ],
)
def test_the_last_hour_is_of_opening_wherever_it_lies(hours: Hours, expected: dt.time) -> None:
    calendar = Calendar((hours,) * 7, dt.UTC)  # type: ignore[arg-type]  # any zone will do
    assert last_hour(calendar, NOON.date()) == dt.datetime.combine(NOON.date(), expected, tzinfo=dt.UTC)


def test_a_capture_of_somebody_the_directory_had_is_told_from_a_new_one(promoter: Promoter) -> None:
    known = ClientFactory.create(created_at=NOON - dt.timedelta(days=1))
    phone = known.contacts.get().normalised
    capture.capture(promoter, capture.NewClient(name="Ana", phones=[phone]), key="1", now=NOON)
    capture.capture(promoter, capture.NewClient(name="Eva", phones=["+5493515550002"]), key="2", now=NOON)
    teams = [promoter.desk.team_id]
    [one] = radar.radar(teams, since=SINCE)
    assert (one.captured, one.known_captures, one.known_share) == (2, 1, 0.5)
    [line] = radar.behind(Figure.KNOWN, promoter.pk, teams, since=SINCE)
    assert line.opportunity.client == known


def test_others_teams_and_other_times_do_not_count(promoter: Promoter, funnel: Funnel) -> None:
    leave(give(promoter, at=NOON), funnel, at=NOON)
    teams = [promoter.desk.team_id]
    assert radar.radar([PromoterFactory.create().desk.team_id], since=SINCE) == []
    assert radar.radar(teams, since=NOON + dt.timedelta(seconds=1)) == []
    for figure in Figure:
        assert not radar.behind(figure, promoter.pk, [], since=SINCE).exists()
        assert not radar.behind(figure, PromoterFactory.create().pk, teams, since=SINCE).exists()


def test_the_radar_asks_no_more_for_more_promoters(promoter: Promoter, funnel: Funnel) -> None:
    for who in (promoter, PromoterFactory.create(desk=promoter.desk), PromoterFactory.create(desk=promoter.desk)):
        leave(give(who, at=NOON), funnel, at=NOON)
    with CaptureQueriesContext(connection) as asked:
        assert len(radar.radar([promoter.desk.team_id], since=SINCE)) == 3
    assert len(asked) == 5
