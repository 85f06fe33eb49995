"""A new line begins with few messages and earns more on each day that went well; the forecast tells it beforehand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pytest_django import Settings

from campaigns import comeback, switch, warming
from campaigns.engine.plan import make_plan
from campaigns.engine.why_not import why_not
from campaigns.enums import Ack, AttemptOutcome, EnvioState, WhyNot
from campaigns.forecast import forecast
from campaigns.models import Campaign, CampaignCanary, Envio, SessionDay
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Suppression
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import AttemptFactory, EnvioFactory, SessionDayFactory, running_campaign
from tests.faults.harness import World
from whatsapp import warm_up
from whatsapp.gateways.answers import NOT_READY
from whatsapp.gateways.base import Capability
from whatsapp.models import SessionEvent, WhatsAppSession

pytestmark = pytest.mark.django_db

# A Monday at 10:00 in Córdoba.
NOW = dt.datetime(2026, 3, 2, 13, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
Kind = SessionEvent.Kind


def warming_campaign(*, step: int = 0, limit: int = 100, pending: int = 3, **fields: Any) -> Campaign:
    """One on a line whose ramp began yesterday."""
    return running_campaign(
        envios=pending,
        session__daily_limit=limit,
        session__warm_up_step=step,
        session__warm_up_day=dt.date(2026, 3, 1),
        **fields,
    )


def yesterday(
    campaign: Campaign, *, sent: int = 20, errors: int = 0, uncertain: int = 0, unheard: int = 0, not_ready: int = 0
) -> None:
    """What became of the line's messages of the day before."""
    day: SessionDay = SessionDayFactory.create(session=campaign.session, day=dt.date(2026, 3, 1), used=sent + errors)
    states = [EnvioState.SENT] * sent + [EnvioState.ERROR] * errors + [EnvioState.UNCERTAIN] * uncertain
    for number, state in enumerate(states):
        ack = Ack.SERVER if state == EnvioState.SENT and number >= unheard else Ack.NONE
        envio = EnvioFactory.create(campaign=campaign, state=state, ack=ack)
        AttemptFactory.create(envio=envio, session_day=day, claimed_at=NOW - DAY, outcome=AttemptOutcome.SENT)
    for _ in range(not_ready):
        envio = EnvioFactory.create(campaign=campaign)
        AttemptFactory.create(
            envio=envio, session_day=day, claimed_at=NOW - DAY, outcome=AttemptOutcome.NOT_SENT, code=NOT_READY.code
        )


def line_of(campaign: Campaign) -> WhatsAppSession:
    return WhatsAppSession.objects.get(pk=campaign.session_id)


def planned(campaign: Campaign, now: dt.datetime = NOW) -> int:
    return make_plan(now).slots[campaign.session_id][0].session_limit


def test_the_first_days_are_small_and_each_good_one_allows_half_as_many_again() -> None:
    campaign = warming_campaign()
    assert [warm_up.limit(campaign.session, ahead=ahead) for ahead in range(6)] == [20, 30, 45, 68, 100, 100]
    assert planned(campaign) == 20


def test_a_day_that_went_well_raises_the_limit_once() -> None:
    campaign = warming_campaign()
    yesterday(campaign)

    assert warming.review(NOW) == 1
    assert warming.review(NOW) == 0

    assert planned(campaign) == 30
    event = SessionEvent.objects.get()
    assert (event.kind, event.by, event.reason) == (Kind.WARM_UP_RAISED, None, "hasta 30 por día")


def test_the_last_step_ends_the_ramp() -> None:
    campaign = warming_campaign(step=3)
    yesterday(campaign, sent=60)

    assert warming.review(NOW) == 1

    assert line_of(campaign).warm_up_step is None
    assert planned(campaign) == 100
    assert SessionEvent.objects.get().kind == Kind.WARM_UP_ENDED


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ({"sent": 19, "errors": 1}, "fallaron 1 de 20"),
        ({"uncertain": 1}, "sin certeza: 1"),
        ({"not_ready": 1}, "intentos con la línea sin conectar: 1"),
        ({"sent": 9}, "envió 9 de 20: muy pocos para juzgar"),
    ],
)
def test_it_stays_where_a_criterion_does_not_hold_and_says_why_once(day: dict[str, int], told: str) -> None:
    campaign = warming_campaign()
    yesterday(campaign, **day)

    for minutes in (0, 5):
        assert warming.review(NOW + dt.timedelta(minutes=minutes)) == 0
        SessionEvent.objects.create(session=campaign.session, at=NOW, kind=Kind.RESTED)

    assert planned(campaign) == 20
    event = SessionEvent.objects.get(kind=Kind.WARM_UP_HELD)
    assert told in event.reason


def test_a_doubt_that_ends_well_during_the_next_day_raises_it_then() -> None:
    campaign = warming_campaign()
    yesterday(campaign, uncertain=1)
    warming.review(NOW)
    Envio.objects.filter(state=EnvioState.UNCERTAIN).update(
        state=EnvioState.SENT, message_id="m-1", sent_at=NOW, ack=Ack.SERVER
    )

    assert warming.review(NOW + dt.timedelta(hours=1)) == 1
    assert planned(campaign) == 30


def test_a_bad_day_takes_a_step_back_and_never_below_the_first() -> None:
    campaign = warming_campaign(step=1)
    yesterday(campaign, sent=20, errors=3)

    assert warming.review(NOW) == 1
    assert planned(campaign) == 20
    assert SessionEvent.objects.get().kind == Kind.WARM_UP_LOWERED


@pytest.mark.parametrize(("asked", "step"), [(1, 1), (2, 0)])
def test_many_who_ask_to_be_left_alone_hold_it_and_one_may_always(asked: int, step: int) -> None:
    campaign = warming_campaign()
    yesterday(campaign)
    for envio in Envio.objects.filter(state=EnvioState.SENT)[:asked]:
        Suppression.objects.create(phone=envio.phone, source=Suppression.Source.REPLY, created_at=NOW)
    # Those of a list are nobody's answer.
    for envio in Envio.objects.filter(state=EnvioState.SENT)[5:15]:
        Suppression.objects.create(phone=envio.phone, source=Suppression.Source.FILE, created_at=NOW)

    warming.review(NOW)

    assert line_of(campaign).warm_up_step == step


def test_acknowledgements_count_where_the_gateway_tells_them() -> None:
    heard = warming_campaign(session__capabilities=[Capability.CALLBACKS.value], session__webhook_secret="s")
    mute = warming_campaign()
    for campaign in (heard, mute):
        yesterday(campaign, unheard=3)

    warming.review(NOW)

    assert (planned(heard), planned(mute)) == (20, 30)


def test_a_day_without_messages_is_no_day_of_the_ramp() -> None:
    campaign = warming_campaign()
    SessionDayFactory.create(session=campaign.session, day=dt.date(2026, 3, 1), used=0)

    assert warming.review(NOW + 5 * DAY) == 0
    assert planned(campaign, NOW + 5 * DAY) == 20


def test_a_line_of_a_changed_zone_takes_no_step_before_its_day_is_over() -> None:
    campaign = warming_campaign()
    yesterday(campaign)
    held = WhatsAppSession.objects.filter(pk=campaign.session_id)
    held.update(held_day=dt.date(2026, 3, 1), held_until=NOW + dt.timedelta(hours=1))

    assert warming.review(NOW) == 0
    assert warming.review(NOW + dt.timedelta(hours=2)) == 1


def test_lines_at_their_own_limit_cost_one_query(django_assert_num_queries: Any) -> None:
    running_campaign(envios=1)
    with django_assert_num_queries(1):
        assert warming.review(NOW) == 0


def test_why_not_now_says_that_the_line_is_warming_up() -> None:
    campaign = warming_campaign()
    SessionDayFactory.create(session=campaign.session, day=dt.date(2026, 3, 2), used=20)

    standing = why_not(campaign, NOW)

    assert standing.reason == WhyNot.WARM_UP
    assert standing.detail == "hoy hasta 20 de 100; sube cada día que sale bien"
    assert standing.until is not None
    assert standing.until > NOW


@pytest.mark.django_db(transaction=True)
def test_the_sender_keeps_to_it() -> None:
    world = World()
    campaign = world.campaign(
        envios=30, daily_cap=1000, session__daily_limit=500, session__warm_up_step=0, session__warm_up_start=12
    )

    world.run_minutes(3)
    assert len(world.provider.ledger) == 12

    warm_up.lift(line_of(campaign), by=UserFactory.create(role=Role.SUPERVISOR), reason="Es viejo", now=world.now)
    world.run_minutes(3)
    assert len(world.provider.ledger) == 30


# --- What the forecast says ----------------------------------------------------------------------------------------


def test_the_forecast_counts_on_each_step() -> None:
    campaign = warming_campaign(pending=100)
    SessionDayFactory.create(session=campaign.session, day=dt.date(2026, 3, 2), used=5)

    seen = forecast(campaign, NOW)

    assert [count for _day, count in seen.days] == [15, 30, 45, 10]
    assert seen.sentence.startswith("15 hoy, 30 mañana")
    assert "20, 30, 45, 68… por día" in seen.limits


def test_the_forecast_knows_the_way_back_and_the_ramp_after_it() -> None:
    campaign = running_campaign(envios=100, session__daily_limit=100)
    SessionDayFactory.create(session=campaign.session, day=dt.date(2026, 3, 2), used=40)
    boss = UserFactory.create(role=Role.SUPERVISOR)
    switch.turn(on=False, by=None, reason="Volvió de un respaldo.", now=NOW - dt.timedelta(hours=2))
    switch.turn(on=True, by=boss, reason="Ya revisé", now=NOW - dt.timedelta(hours=1))

    seen = forecast(campaign, NOW)

    # Ten on top of what today had used, ten on each of the days of the trial, and then the steps.
    assert [count for _day, count in seen.days] == [10, 10, 10, 20, 30, 20]
    assert "Vuelve de un paro" in seen.limits


def test_the_forecast_tells_that_the_first_messages_go_ahead() -> None:
    campaign = running_campaign(envios=20)
    CampaignCanary.objects.create(campaign=campaign, size=4)

    assert "Primero van 4 mensajes" in forecast(campaign, NOW).limits


def test_the_forecast_tells_that_a_person_has_to_let_the_first_messages_go() -> None:
    campaign = running_campaign(envios=20)
    CampaignCanary.objects.create(campaign=campaign, size=2)
    EnvioFactory.create_batch(2, campaign=campaign, state=EnvioState.ERROR)

    seen = forecast(campaign, NOW)

    assert "fallaron 2" in seen.held
    assert seen.sentence.startswith("Sus primeros mensajes no llegan")


# --- The way back -------------------------------------------------------------------------------------------------


def test_the_end_of_the_way_back_begins_the_ramp_of_every_line_that_has_one(settings: Settings) -> None:
    campaign = running_campaign(session__daily_limit=500)
    small = running_campaign(session__daily_limit=15)
    never = running_campaign(session__daily_limit=500, session__warm_up_start=0)
    switch.turn(on=False, by=None, reason="Volvió de un respaldo.", now=NOW)
    switch.turn(on=True, by=UserFactory.create(role=Role.SUPERVISOR), reason="Ya revisé", now=NOW)
    for number in range(5):
        EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=NOW + (number + 1) * DAY / 24, ack=Ack.DELIVERED)

    later = NOW + dt.timedelta(hours=49)
    assert comeback.review(later)

    limits = [warm_up.limit(line_of(one)) for one in (campaign, small, never)]
    assert limits == [settings.WARM_UP_START, 15, 500]
    assert SessionEvent.objects.get().kind == Kind.WARM_UP_BEGUN
