"""A line that nobody needs rests where asked for, and is open again before a window opens."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns import line_rest
from campaigns.engine.why_not import why_not
from campaigns.enums import AttemptOutcome, CampaignState, ScheduleState, WhyNot
from campaigns.models import Campaign, Schedule
from tests.campaigns.test_conversation_states import hears
from tests.factories.campaigns import (
    AttemptFactory,
    CampaignFactory,
    EnvioFactory,
    LaneFactory,
    ScheduleDayFactory,
    ScheduleFactory,
    WrittenReplyFactory,
)
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator, simulator, start_simulator
from whatsapp import reconnection, screens, sessions
from whatsapp.models import SessionEvent, State, WhatsAppSession
from whatsapp.standing import Standing, standing

__all__ = ["simulator", "start_simulator"]

pytestmark = pytest.mark.django_db

# A Monday, 20:00 in Córdoba; windows open at 9.
EVENING = dt.datetime(2026, 3, 2, 23, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
HOURS = [(dt.time(9), dt.time(18))]


def a_line(simulator: Simulator, **fields: object) -> WhatsAppSession:
    values = {"idle_after": 30, "state_at": EVENING - dt.timedelta(hours=3), **fields}
    line: WhatsAppSession = WhatsAppSessionFactory.create(tenant_id="51", base_url=simulator.base_url, **values)
    return sessions.refresh(line, EVENING - dt.timedelta(hours=2))


def the_line() -> WhatsAppSession:
    return WhatsAppSession.objects.get()


def campaign_on(line: WhatsAppSession, *, windows: object = HOURS, pending: int = 3) -> Campaign:
    campaign: Campaign = CampaignFactory.create(state=CampaignState.RUNNING, session=line, team=line.team)
    ScheduleFactory.create(campaign=campaign, state=ScheduleState.APPROVED, windows=windows)
    EnvioFactory.create_batch(pending, campaign=campaign)
    return campaign


def test_it_rests_over_night_and_is_open_before_the_window_opens(simulator: Simulator) -> None:
    campaign = campaign_on(a_line(simulator))

    assert line_rest.run(EVENING) == 1
    line = the_line()
    assert (line.state, line.rested_at) == (State.DISCONNECTED, EVENING)
    assert standing(line, EVENING) is Standing.RESTING
    assert why_not(campaign, EVENING).reason == WhyNot.WINDOW
    assert "descansa" in screens.session_advice(line, EVENING)

    assert line_rest.run(MORNING - 11 * MINUTE) == 0
    assert line_rest.run(MORNING - 10 * MINUTE) == 1
    simulator.advance(1)
    line = sessions.refresh(the_line(), MORNING - 9 * MINUTE)
    assert (line.state, line.rested_at) == (State.READY, None)
    assert line_rest.run(MORNING - 8 * MINUTE) == 0
    kinds = list(SessionEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == [SessionEvent.Kind.RESTED, SessionEvent.Kind.WOKEN]


def test_a_first_try_that_fails_is_followed_by_others(simulator: Simulator) -> None:
    """The gateway goes on saying that it was closed on request: that was ours, and is over."""
    campaign_on(a_line(simulator))
    line_rest.run(EVENING)
    at = MORNING - 10 * MINUTE
    WhatsAppSession.objects.update(base_url="http://127.0.0.1:9")
    assert line_rest.run(at) == 1
    assert the_line().state == State.DISCONNECTED

    WhatsAppSession.objects.update(base_url=simulator.base_url)
    sessions.refresh(the_line(), at + MINUTE)
    assert reconnection.run(at + 2 * MINUTE) == 1
    simulator.advance(1)
    assert sessions.refresh(the_line(), at + 3 * MINUTE).state == State.READY


def test_only_where_it_was_asked_for(simulator: Simulator) -> None:
    a_line(simulator, idle_after=None)
    assert line_rest.run(EVENING) == 0
    assert the_line().state == State.READY


def test_not_before_its_minutes_are_over(simulator: Simulator) -> None:
    a_line(simulator, state_at=EVENING - 20 * MINUTE)
    assert line_rest.run(EVENING) == 0
    assert line_rest.run(EVENING + 10 * MINUTE) == 1


def test_not_while_a_campaign_of_it_may_send_or_will_soon(simulator: Simulator) -> None:
    campaign_on(a_line(simulator))
    assert line_rest.run(MORNING + dt.timedelta(hours=3)) == 0
    assert line_rest.run(MORNING - 35 * MINUTE) == 0


def test_a_campaign_with_nothing_left_needs_no_line(simulator: Simulator) -> None:
    campaign_on(a_line(simulator), pending=0)
    assert line_rest.run(MORNING + dt.timedelta(hours=3)) == 1


def test_hours_that_nobody_approved_need_no_line(simulator: Simulator) -> None:
    campaign_on(a_line(simulator))
    Schedule.objects.update(state=ScheduleState.PENDING)
    assert line_rest.run(MORNING + dt.timedelta(hours=3)) == 1


def test_not_while_somebody_waits_for_an_answer(simulator: Simulator) -> None:
    line = a_line(simulator)
    hears(line, at=EVENING - dt.timedelta(hours=5))
    assert line_rest.run(EVENING) == 0
    assert the_line().state == State.READY


def test_not_shortly_after_it_sent(simulator: Simulator) -> None:
    line = a_line(simulator)
    campaign = campaign_on(line, windows=[(dt.time(9), dt.time(20))], pending=1)
    lane = LaneFactory.create(session=line)
    AttemptFactory.create(
        envio=EnvioFactory.create(campaign=campaign),
        lane=lane,
        schedule_day=ScheduleDayFactory.create(schedule=campaign.schedules.get()),
        claimed_at=EVENING - 10 * MINUTE,
        outcome=AttemptOutcome.SENT,
    )
    assert line_rest.run(EVENING + MINUTE) == 0
    assert line_rest.run(EVENING + 25 * MINUTE) == 1


def test_a_gateway_that_does_not_close_it_leaves_it_open(simulator: Simulator) -> None:
    a_line(simulator)
    simulator.add_faults({"fault": "status", "route": "disconnect", "status": 500})
    assert line_rest.run(EVENING) == 0
    assert the_line().rested_at is None


def test_a_line_that_its_gateway_could_not_open_again_is_never_closed(simulator: Simulator) -> None:
    a_line(simulator)
    WhatsAppSession.objects.update(capabilities=["disconnect"])
    assert line_rest.run(EVENING) == 0


def test_whoever_takes_the_wish_back_wakes_it(simulator: Simulator) -> None:
    line = a_line(simulator)
    line_rest.run(EVENING)
    sessions.connect(the_line(), EVENING + MINUTE)
    simulator.advance(1)
    assert sessions.refresh(line, EVENING + 2 * MINUTE).state == State.READY
    assert the_line().rested_at is None


def test_an_answer_that_waits_wakes_it_also_when_nobody_else_does(simulator: Simulator) -> None:
    """Somebody who was attended to is written to once more."""
    line = a_line(simulator)
    line_rest.run(EVENING)
    assert the_line().rested_at is not None
    WrittenReplyFactory.create(session=line, next_due=EVENING, created_at=EVENING)

    assert line_rest.run(EVENING + MINUTE) == 1

    assert the_line().rested_at is None
    simulator.advance(1)
    sessions.refresh(line, EVENING + 2 * MINUTE)
    WhatsAppSession.objects.update(state_at=EVENING - dt.timedelta(hours=3))
    assert line_rest.run(EVENING + 3 * MINUTE) == 0


def test_nothing_leaves_through_a_line_that_is_being_closed(simulator: Simulator) -> None:
    line = a_line(simulator)
    campaign = campaign_on(line)
    WhatsAppSession.objects.update(rested_at=EVENING)

    line = the_line()

    assert line.state == State.READY
    assert not line.is_ready(EVENING)
    assert not WhatsAppSession.objects.ready(EVENING).exists()
    assert standing(line, EVENING) is Standing.RESTING
    assert why_not(campaign, MORNING).reason == WhyNot.SESSION


def test_a_message_on_its_way_keeps_it_open(simulator: Simulator) -> None:
    LaneFactory.create(session=a_line(simulator), busy=True)

    assert line_rest.run(EVENING) == 0

    assert (the_line().state, the_line().rested_at) == (State.READY, None)
