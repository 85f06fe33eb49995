"""The one reason that binds, for screens: nothing is kept back by a limit or a window when nothing is left."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from campaigns.engine.plan import Standing, make_plan
from campaigns.engine.why_not import of_what_is_left, why_not, why_not_this
from campaigns.enums import CampaignState, EnvioState, ScheduleState, WhyNot
from campaigns.models import Campaign, ScheduleDay
from campaigns.progress import progress
from leadmaster.lib.clock import business_day
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(hour=15, minute=0, second=0, microsecond=0)


def campaign_with(*states: EnvioState, cap: int = 180) -> Campaign:
    campaign: Campaign = CampaignFactory(state=CampaignState.RUNNING)
    ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED, daily_cap=cap)
    for state in states:
        EnvioFactory(campaign=campaign, state=state, next_due=NOW - dt.timedelta(hours=1))
    return campaign


def exhausted(campaign: Campaign) -> None:
    schedule = campaign.schedules.get()
    ScheduleDay.objects.create(schedule=schedule, day=business_day(NOW, campaign.session.tz), used=schedule.daily_cap)


def as_listed(campaign: Campaign) -> Standing | None:
    return of_what_is_left(make_plan(NOW).standings.get(campaign.pk), progress(campaign))


def test_a_campaign_whose_last_message_is_in_doubt_says_so_and_not_that_a_limit_is_reached() -> None:
    campaign = campaign_with(EnvioState.UNCERTAIN, cap=4)
    exhausted(campaign)

    for standing in (why_not(campaign, NOW), as_listed(campaign)):
        assert standing is not None
        assert standing.reason == WhyNot.UNCERTAIN


def test_a_campaign_with_nothing_left_is_not_sending_and_reached_no_limit() -> None:
    campaign = campaign_with(cap=4)
    exhausted(campaign)

    for standing in (why_not(campaign, NOW), as_listed(campaign)):
        assert standing is not None
        assert standing.reason == WhyNot.NOTHING_DUE


def test_one_that_waits_keeps_the_limit_as_its_reason() -> None:
    campaign = campaign_with(EnvioState.PENDING, cap=4)
    exhausted(campaign)

    assert why_not(campaign, NOW).reason == WhyNot.DAILY_CAP
    listed = as_listed(campaign)
    assert listed is not None
    assert listed.reason == WhyNot.DAILY_CAP


def test_a_message_in_doubt_waits_for_an_answer_or_a_person() -> None:
    campaign = campaign_with(EnvioState.UNCERTAIN)

    assert why_not_this(campaign.envios.get(), NOW).reason == WhyNot.UNCERTAIN


@pytest.mark.parametrize(
    "fields",
    [{"can_send": False, "mute_since": NOW}, {"mute_since": NOW, "blocked_until": NOW + dt.timedelta(minutes=1)}],
)
def test_a_campaign_on_a_line_that_is_connected_and_mute_says_so(fields: dict[str, object]) -> None:
    campaign = campaign_with(EnvioState.PENDING)
    WhatsAppSession.objects.filter(pk=campaign.session_id).update(**fields)

    standing = why_not(campaign, NOW)

    assert (standing.reason, standing.detail) == (WhyNot.SESSION, "conectada, pero no envía")


def test_a_mute_line_is_tried_again_when_its_time_has_come() -> None:
    campaign = campaign_with(EnvioState.PENDING)
    WhatsAppSession.objects.filter(pk=campaign.session_id).update(mute_since=NOW, blocked_until=NOW)

    assert why_not(campaign, NOW).reason is None
