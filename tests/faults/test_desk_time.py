"""Fault 22 at the desk: clocks that go back, midnight, both changes of the hour. A day has one quota, and it holds."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from opportunities.assignment.filters import Filters
from opportunities.assignment.request import Granted, request_lot
from opportunities.models import DailyQuota, Opportunity, Promoter
from opportunities.timers import expiry
from tests.factories.opportunities import CalendarFactory, ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings

pytestmark = pytest.mark.django_db(transaction=True)

MADRID = zoneinfo.ZoneInfo("Europe/Madrid")
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def promoter() -> Promoter:
    """Ten a day, in a zone with summer time; sixty free clients; a first stage of an hour."""
    Funnel()
    ClientFactory.create_batch(60)
    desk = DeskFactory(calendar=CalendarFactory(time_zone="Europe/Madrid"), daily_quota=10)
    person: Promoter = PromoterFactory(desk=desk)
    return person


def ask(promoter: Promoter, quantity: int, key: str, *, now: dt.datetime) -> Granted:
    return request_lot(promoter, Filters(), quantity, key=key, now=now)


def used() -> dict[str, int]:
    return {f"{row.day}": row.used for row in DailyQuota.objects.order_by("day")}


def test_fault_22_a_clock_that_goes_back_over_midnight_pays_from_each_days_own_quota(promoter: Promoter) -> None:
    midnight = dt.datetime(2026, 3, 5, tzinfo=MADRID)
    moments = [midnight - HOUR / 2, midnight + HOUR / 2, midnight - HOUR / 2, midnight + HOUR / 2]

    granted = [ask(promoter, 7, f"k{number}", now=now).granted for number, now in enumerate(moments)]

    assert granted == [7, 7, 3, 3]
    assert used() == {"2026-03-04": 10, "2026-03-05": 10}
    assert findings() == []


@pytest.mark.parametrize("hours", [-1, 1])
def test_fault_22_an_hour_to_and_fro_within_a_day_changes_nothing(promoter: Promoter, hours: int) -> None:
    noon = dt.datetime(2026, 3, 4, 12, tzinfo=MADRID)

    granted = [ask(promoter, 6, f"k{number}", now=noon + number % 2 * hours * HOUR).granted for number in range(3)]

    assert granted == [6, 4, 0]
    assert used() == {"2026-03-04": 10}
    assert findings() == []


@pytest.mark.parametrize(
    ("day", "length"), [(dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25)], ids=["spring", "autumn"]
)
def test_fault_22_a_day_of_23_or_25_hours_has_one_quota(promoter: Promoter, day: dt.date, length: int) -> None:
    first = dt.datetime.combine(day, dt.time(), tzinfo=MADRID).astimezone(dt.UTC)

    granted = [ask(promoter, 1, f"k{hour}", now=first + hour * HOUR).granted for hour in range(length)]
    tomorrow = ask(promoter, 1, "k", now=first + length * HOUR)

    assert sum(granted) == 10
    assert used() == {f"{day}": 10, f"{day + dt.timedelta(days=1)}": 1}
    assert tomorrow.granted == 1
    assert findings() == []


def test_fault_22_a_cron_whose_clock_runs_an_hour_ahead_and_back_expires_once(promoter: Promoter) -> None:
    now = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    ask(promoter, 5, "k", now=now)

    expired = [expiry.expire_timers(now + shift).expired for shift in (-HOUR, HOUR - dt.timedelta(seconds=1), HOUR)]
    # An hour later by the sun, the same hour again by the clock on the wall.
    expired += [expiry.expire_timers(now).expired, expiry.expire_timers(now + HOUR).expired]

    assert expired == [0, 0, 5, 0, 0]
    assert Opportunity.objects.pool().count() == 5
    assert findings() == []
