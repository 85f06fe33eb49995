"""Campaigns keep off the holidays of their team's calendar, and say so."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from campaigns.engine.plan import make_plan
from campaigns.engine.why_not import why_not
from campaigns.enums import CampaignState, EnvioState, ScheduleState, WhyNot
from campaigns.forecast import forecast
from campaigns.holidays import kept_by
from campaigns.models import Campaign, ScheduleWindow
from campaigns.screens import why_not_sentence
from campaigns.windows import Rule, openings
from leadmaster.calendars.arithmetic import CLOSED, Hours
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.write import make_general, save_holiday
from tests.factories.accounts import TeamFactory
from tests.factories.calendars import HolidayFactory, OperatingCalendarFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory
from tests.factories.opportunities import DeskFactory
from tests.factories.whatsapp import WhatsAppSessionFactory

TZ = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
MONDAY = dt.date(2026, 3, 2)
# In the middle of its window.
NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=TZ).astimezone(dt.UTC)

pytestmark = pytest.mark.django_db


def running(*, envios: int = 1, desk: Any = None, **fields: Any) -> Campaign:
    """Monday to Friday from nine to six, for the team of this desk."""
    team = (desk or DeskFactory.create()).team
    session = WhatsAppSessionFactory.create(team=team, time_zone=TZ.key, daily_limit=20)
    campaign: Campaign = CampaignFactory.create(state=CampaignState.RUNNING, team=team, session=session, **fields)
    ScheduleFactory.create(
        campaign=campaign, state=ScheduleState.APPROVED, daily_cap=20, weekdays="01234",
        windows=[(dt.time(9), dt.time(18))],
    )  # fmt: skip
    EnvioFactory.create_batch(envios, campaign=campaign, state=EnvioState.PENDING, next_due=NOW)
    return campaign


def holiday(campaign: Campaign, date: dt.date, hours: Hours = CLOSED, name: str = "Carnaval") -> None:
    row = HolidayFactory.build(calendar=OperatingCalendar.objects.get(desks__team=campaign.team), date=date, name=name)
    save_holiday(row, hours=hours)


# --- Whose holidays -------------------------------------------------------------------------------------------------


def test_the_desks_calendar_counts_before_the_teams_own_and_that_before_the_general_one() -> None:
    general, own, desks = OperatingCalendarFactory.create_batch(3)
    make_general(general)
    for calendar, name in ((general, "General"), (own, "Propio"), (desks, "De la mesa")):
        HolidayFactory.create(calendar=calendar, date=MONDAY, name=name)
    with_desk, with_own, with_none = TeamFactory.create_batch(3)
    DeskFactory.create(team=with_desk, calendar=desks)
    OperatingCalendar.objects.filter(pk=own.pk).update(team=with_own)
    campaigns = [CampaignFactory.create(team=team) for team in (with_desk, with_own, with_none)]

    kept = kept_by(campaigns, NOW)

    assert [kept[campaign.pk][MONDAY].name for campaign in campaigns] == ["De la mesa", "Propio", "General"]


def test_a_team_without_any_calendar_has_no_holidays(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    assert kept_by([CampaignFactory.create()], NOW) == {}
    with django_assert_num_queries(0):
        assert kept_by([], NOW) == {}


# --- The engine, and why not now ------------------------------------------------------------------------------------


def test_on_a_holiday_nothing_goes_out_and_the_reason_says_which_one_and_until_when() -> None:
    campaign = running()
    holiday(campaign, MONDAY)

    plan, standing = make_plan(NOW), why_not(campaign, NOW)

    assert plan.slots == {}
    assert (standing.reason, standing.detail) == (WhyNot.HOLIDAY, "Carnaval")
    assert standing.until == dt.datetime(2026, 3, 3, 9, 0, tzinfo=TZ)
    assert why_not_sentence(standing, NOW).startswith("Hoy es feriado y la campaña no envía: Carnaval · sigue mañana")


def test_a_campaign_that_was_told_to_sends_on_holidays_too() -> None:
    campaign = running(keeps_off_holidays=False)
    holiday(campaign, MONDAY)

    assert list(make_plan(NOW).slots) == [campaign.session_id]


def test_the_holiday_of_another_teams_calendar_keeps_nobody_off() -> None:
    campaign, other = running(), running()
    holiday(other, MONDAY)

    assert list(make_plan(NOW).slots) == [campaign.session_id]


@pytest.mark.parametrize(
    ("hour", "reason"),
    [(8, WhyNot.HOLIDAY), (9, WhyNot.HOLIDAY), (10, None), (12, None), (13, WhyNot.HOLIDAY), (19, WhyNot.WINDOW)],
)
def test_on_a_date_with_hours_of_its_own_it_sends_within_them(hour: int, reason: WhyNot | None) -> None:
    campaign = running()
    holiday(campaign, MONDAY, Hours.of((dt.time(9, 30), dt.time(13))))

    standing = make_plan(dt.datetime(2026, 3, 2, hour, 0, tzinfo=TZ)).standings[campaign.pk]

    assert standing.reason == reason


def test_the_night_before_a_holiday_ends_at_midnight_and_the_holidays_own_does_not_begin() -> None:
    night = Rule(
        weekdays="0123456", starts_on=dt.date(2026, 1, 1), ends_on=None, windows=[(dt.time(22), dt.time(2))],
        holidays={MONDAY: CLOSED},
    )  # fmt: skip

    parts = [
        (part.opens.astimezone(TZ).hour, part.closes.astimezone(TZ).hour)
        for offset in (-1, 0, 1)
        for part in openings(night, MONDAY + dt.timedelta(days=offset), TZ)
    ]

    assert parts == [(0, 2), (22, 0), (0, 2), (22, 0)]


def test_holidays_cost_the_plan_two_queries_however_many_campaigns_keep_them(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _number in range(3):
        holiday(running(), MONDAY)
    ScheduleWindow.objects.update(opens=dt.time(9), closes=dt.time(18))

    with django_assert_num_queries(5):
        make_plan(NOW)


# --- The forecast ---------------------------------------------------------------------------------------------------


def test_the_forecast_leaves_the_holiday_out_and_names_it() -> None:
    campaign = running(envios=30)
    holiday(campaign, dt.date(2026, 3, 3))

    seen = forecast(campaign, NOW)

    assert seen.sentence == "20 hoy, 10 el miércoles, termina el miércoles"
    assert "Por feriado no envía, o solo en su horario especial: mañana (Carnaval)." in seen.limits


def test_a_holiday_on_which_it_would_send_nothing_anyway_is_not_told() -> None:
    campaign = running(envios=120)
    holiday(campaign, dt.date(2026, 3, 7))  # a Saturday

    assert "feriado" not in forecast(campaign, NOW).limits


def test_a_forecast_without_holidays_is_that_of_a_campaign_that_sends_on_them() -> None:
    campaign = running(envios=30, keeps_off_holidays=False)
    holiday(campaign, dt.date(2026, 3, 3))

    seen = forecast(campaign, NOW)

    assert seen.sentence == "20 hoy, 10 mañana, termina mañana"
    assert "feriado" not in seen.limits
