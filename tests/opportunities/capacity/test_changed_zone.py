"""A desk's zone changes: nobody gets a second quota, nor more captures, for one day."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.conf import settings
from prometheus_client import Metric

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.calendars.models import OperatingCalendar
from opportunities import metrics
from opportunities.assignment.capture import NewClient, capture
from opportunities.capacity.usage import allowance_of, usage_of
from opportunities.enums import AbsencePolicy, OpportunityState
from opportunities.errors import NoQuota
from opportunities.models import BulkAction, DailyQuota, Desk, Opportunity, Promoter, QuotaEntry
from opportunities.queries.pool_figures import burn
from opportunities.reconciliation.quotas import QuotaOff
from opportunities.supervision import absences, bulk, decisions, sharing
from opportunities.supervision.undo import undo
from opportunities.timers import absence_clocks, recalculation
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import CalendarFactory, ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import ask

pytestmark = pytest.mark.django_db

CORDOBA, MONTERREY, AUCKLAND = "America/Argentina/Cordoba", "America/Monterrey", "Pacific/Auckland"
PAGO, KIRITIMATI = "Pacific/Pago_Pago", "Pacific/Kiritimati"
MINUTE = dt.timedelta(minutes=1)


def at(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2026, 2, day, hour, tzinfo=dt.UTC)


# From where to where, when, and when the day that counted is over. In each of them the date is another one.
MOVES = [
    pytest.param(CORDOBA, AUCKLAND, at(7, 20), at(8, 11), id="east-over-the-date-line"),
    pytest.param(AUCKLAND, CORDOBA, at(7, 20), at(9, 3), id="west-over-the-date-line"),
    pytest.param(CORDOBA, MONTERREY, at(8, 4), at(9, 6), id="west-over-midnight"),
    pytest.param(MONTERREY, CORDOBA, at(8, 4), at(9, 3), id="east-over-midnight"),
    pytest.param(PAGO, KIRITIMATI, at(7, 10) + 30 * MINUTE, at(8, 10), id="as-far-as-it-goes-east"),
    pytest.param(KIRITIMATI, PAGO, at(7, 10) + 30 * MINUTE, at(9, 11), id="as-far-as-it-goes-west"),
]


@pytest.fixture
def boss(funnel: Funnel) -> User:
    found: User = UserFactory(role=Role.ADMINISTRATOR)
    return found


def a_desk(zone: str) -> Desk:
    desk: Desk = DeskFactory(calendar__time_zone=zone, daily_quota=3, daily_captures=1)
    ClientFactory.create_batch(8)
    return desk


def move(desk: Desk, zone: str, *, by: User, now: dt.datetime) -> None:
    """The calendar itself gets another zone."""
    calendars = OperatingCalendar.objects.filter(pk=desk.calendar_id)
    recalculation.change_calendar(calendars.get(), lambda: calendars.update(time_zone=zone), by=by, now=now)


def swap(desk: Desk, zone: str, *, by: User, now: dt.datetime) -> None:
    """The desk gets another calendar."""
    other = CalendarFactory(time_zone=zone)
    recalculation.change_desk(desk, lambda: Desk.objects.filter(pk=desk.pk).update(calendar=other), by=by, now=now)


def fresh(promoter: Promoter) -> Promoter:
    return Promoter.objects.select_related("desk__calendar", "desk__team", "user").get(pk=promoter.pk)


def person(number: int) -> NewClient:
    return NewClient(name="Ana", phones=[f"+52 33 1234 50{number:02d}"], region="MX")


def told(found: Iterable[Metric]) -> dict[str, float]:
    return {one.name.removeprefix("leadmaster_"): one.samples[0].value for one in found}


@pytest.mark.parametrize(("old", "new", "now", "ends"), MOVES)
def test_what_was_used_of_a_day_stays_used(old: str, new: str, now: dt.datetime, ends: dt.datetime, boss: User) -> None:
    promoter: Promoter = PromoterFactory(desk=a_desk(old))
    given_by = PromoterFactory(desk=promoter.desk)
    other = ask(given_by, 1, now=now - MINUTE)
    assert ask(promoter, 3, "antes", now=now - MINUTE).granted == 3
    capture(promoter, person(1), key="c1", now=now - MINUTE)
    day = DailyQuota.objects.get(promoter=promoter).day

    move(promoter.desk, new, by=boss, now=now)

    for moment in (now, ends - MINUTE):
        promoter = fresh(promoter)
        assert promoter.desk.day_at(moment) == day
        assert ask(promoter, 1, f"{moment}", now=moment).granted == 0
        with pytest.raises(NoQuota):
            capture(promoter, person(2), key=f"c {moment}", now=moment)
        with pytest.raises(NoQuota):
            decisions.reassign(Opportunity.objects.get(lot=other.lot_id).pk, promoter, by=boss, now=moment)
        usage = usage_of([promoter], now=moment)[0]
        assert (usage.day, usage.used, usage.left, usage.captured) == (day, 3, 0, 1)
        assert allowance_of(promoter, active=0, now=moment).left == 0
        row = Opportunity.objects.get(lot=other.lot_id)
        assert sharing.share([row.pk], [promoter], by=boss, now=moment).given == {}
        assert told(metrics.quotas(moment))["desk_quota_used_clients"] == 4
        assert burn([promoter.desk.team_id], now=moment)[0] == 4
    assert DailyQuota.objects.filter(promoter=promoter).count() == 1
    assert not list(QuotaOff().suspects(DailyQuota.objects.all(), now=now))

    assert promoter.desk.day_at(ends) > day
    assert usage_of([promoter], now=ends)[0].left == 3
    assert ask(promoter, 1, "después", now=ends).granted == 1
    capture(promoter, person(3), key="c3", now=ends)
    assert findings() == []


@pytest.mark.parametrize(("old", "new", "now", "ends"), MOVES)
def test_another_calendar_begins_no_day_either(
    old: str, new: str, now: dt.datetime, ends: dt.datetime, boss: User
) -> None:
    desk = a_desk(old)
    day = desk.day_at(now)

    swap(desk, new, by=boss, now=now)

    desk = Desk.objects.get(pk=desk.pk)
    assert [desk.day_at(moment) == day for moment in (now, ends - MINUTE, ends)] == [True, True, False]


def test_to_and_fro_begins_no_day_and_loses_no_capture(boss: User) -> None:
    promoter, now = PromoterFactory(desk=a_desk(CORDOBA)), at(7, 20)
    capture(promoter, person(1), key="c1", now=now - MINUTE)

    for number, zone in enumerate([AUCKLAND, KIRITIMATI, PAGO, MONTERREY, CORDOBA]):
        move(promoter.desk, zone, by=boss, now=now + number * MINUTE)
        usage = usage_of([fresh(promoter)], now=now + number * MINUTE)[0]
        assert (usage.day, usage.captured) == (dt.date(2026, 2, 7), 1)


def test_hours_that_change_in_the_same_zone_hold_no_day(boss: User) -> None:
    desk = a_desk(CORDOBA)

    calendar = desk.calendar
    recalculation.change_calendar(calendar, lambda: calendar.windows.filter(weekday=6).delete(), by=boss, now=at(7, 20))
    swap(desk, CORDOBA, by=boss, now=at(7, 20))

    desk.refresh_from_db()
    assert (desk.held_day, desk.held_since, desk.held_until) == (None, None, None)


def test_a_desk_of_another_calendar_goes_on_by_its_own(boss: User) -> None:
    desk, other = a_desk(CORDOBA), a_desk(CORDOBA)

    move(desk, AUCKLAND, by=boss, now=at(7, 20))

    other.refresh_from_db()
    assert other.held_until is None


def test_what_was_charged_before_the_change_is_taken_back_of_the_day_that_paid(boss: User) -> None:
    desk, midnight = a_desk(CORDOBA), at(8, 3)
    promoter, receiver = PromoterFactory(desk=desk), PromoterFactory(desk=desk)
    ask(promoter, 1, now=midnight - 3 * MINUTE)
    bulk.reassign([Opportunity.objects.get().pk], receiver, by=boss, now=midnight - 2 * MINUTE)
    ask(fresh(receiver), 1, now=midnight + MINUTE)

    move(desk, MONTERREY, by=boss, now=midnight + 2 * MINUTE)
    undo(BulkAction.objects.get(), by=boss, now=midnight + 3 * MINUTE)

    used = dict(DailyQuota.objects.filter(promoter=receiver).values_list("day", "used"))
    assert used == {dt.date(2026, 2, 7): 0, dt.date(2026, 2, 8): 1}
    assert findings() == []


def test_an_absence_keeps_to_its_dates_on_the_wall(boss: User) -> None:
    """A day off that is over nowhere else: by the day of the quotas it would never have come."""
    promoter = PromoterFactory(desk=a_desk(CORDOBA))
    ask(promoter, 1, now=at(7, 19))
    sunday = dt.date(2026, 2, 8)
    absences.announce(
        promoter, starts_on=sunday, ends_on=sunday, policy=AbsencePolicy.REDISTRIBUTE, by=boss, now=at(7, 19)
    )

    move(promoter.desk, AUCKLAND, by=boss, now=at(7, 20))
    assert absence_clocks.begin_and_end(at(7, 20)) == 1

    assert Opportunity.objects.get().state == OpportunityState.POOL
    assert QuotaEntry.objects.filter(quota__day=sunday).count() == 0


# Who may ask for the date somewhere: the desk itself, lines' schedules, pages that look up a date's hours, and a report of
# sends, whose weeks are those of whoever reads it.
_ASK_THE_DATE = {
    "opportunities/models/promoter.py",
    "opportunities/clocks/mornings.py",
    "opportunities/own_campaigns.py",
    "opportunities/demo/campaigns.py",
    "opportunities/queries/time_left.py",
    "opportunities/results/cohorts.py",
}


def asks_the_date(source: str) -> bool:
    """Whether it makes a date of a moment by `business_day`, or of one that was turned to a zone or to now."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="business_day")):
                return True
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Attribute(attr="astimezone")), attr="date")):
                return True
    return False


def test_nobody_computes_the_day_of_a_desk_another_way() -> None:
    found = {
        str(path.relative_to(settings.BASE_DIR))
        for path in (Path(settings.BASE_DIR) / "opportunities").rglob("*.py")
        if asks_the_date(path.read_text(encoding="utf-8"))
    }

    assert found == _ASK_THE_DATE | {"opportunities/queries/radar.py"}


@pytest.mark.parametrize("source", ["business_day(now, desk.calendar.tz)", "now.astimezone(tz).date()"])
def test_a_day_computed_another_way_is_seen(source: str) -> None:
    assert asks_the_date(source)
