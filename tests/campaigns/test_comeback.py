"""After an automatic stop: a small cap, criteria with their figures, and the cap's end when they hold."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns import comeback, switch
from campaigns.engine.plan import make_plan
from campaigns.enums import Ack, AttemptOutcome, EnvioState, WhyNot
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import Campaign, SenderSwitch, SessionDay
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.lib.clock import business_day
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import (
    AttemptFactory,
    EnvioFactory,
    ScheduleDayFactory,
    SessionDayFactory,
    running_campaign,
)
from tests.faults.harness import World
from whatsapp import warm_up
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db

STOPPED = dt.datetime(2026, 3, 2, 13, tzinfo=dt.UTC)
ON = STOPPED + dt.timedelta(hours=1)
LATER = ON + dt.timedelta(hours=49)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def boss() -> User:
    person: User = UserFactory.create(role=Role.SUPERVISOR)
    return person


def stop() -> None:
    switch.turn(on=False, by=None, reason="La base volvió de un respaldo.", now=STOPPED)


def set_going(boss: User) -> SenderSwitch:
    stop()
    return switch.turn(on=True, by=boss, reason="Ya revisé", now=ON)


def arrived(campaign: Campaign, count: int = 5, *, at: dt.datetime = ON) -> None:
    for number in range(count):
        EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=at + (number + 1) * MINUTE, ack=Ack.DELIVERED)


def test_an_automatic_stop_is_told_until_somebody_comes_back(boss: User) -> None:
    assert switch.stopped_by_itself() is None
    stop()
    # Somebody turns it off once more: that is no way back.
    switch.turn(on=False, by=boss, reason="Espera", now=STOPPED + MINUTE)

    told = switch.stopped_by_itself()
    assert told is not None
    assert (told.at, told.reason) == (STOPPED, "La base volvió de un respaldo.")

    assert switch.turn(on=True, by=boss, reason="Ya", now=ON).cap == switch.COMEBACK_CAP
    assert switch.stopped_by_itself() is None


def test_what_a_person_stopped_goes_on_without_a_cap(boss: User) -> None:
    switch.turn(on=False, by=boss, reason="Corte de luz", now=STOPPED)

    assert switch.turn(on=True, by=boss, reason="Volvió", now=ON).cap is None
    assert switch.capped() is None


def test_who_turns_it_off_and_on_does_not_lose_the_cap(boss: User) -> None:
    set_going(boss)
    switch.turn(on=False, by=boss, reason="Un momento", now=ON + MINUTE)
    assert switch.capped() is None
    switch.turn(on=True, by=boss, reason="Sigue", now=ON + 2 * MINUTE)

    turn = switch.capped()
    assert turn is not None
    assert turn.at == ON + 2 * MINUTE


def test_each_line_gets_the_cap_on_top_of_what_its_day_had_used(boss: User) -> None:
    campaign = running_campaign(envios=3, session__daily_limit=100)
    tight = running_campaign(envios=3, session__daily_limit=45)
    day = business_day(ON, campaign.session.tz)
    for one in (campaign, tight):
        SessionDayFactory(session=one.session, day=day, used=40)
    set_going(boss)

    [slot] = make_plan(ON).slots[campaign.session_id]
    assert slot.session_limit == 50
    # Its own limit is lower than that.
    assert make_plan(ON).slots[tight.session_id][0].session_limit == 45

    SessionDay.objects.filter(session=campaign.session).update(used=50)
    standing = make_plan(ON).standings[campaign.pk]
    assert standing.reason is WhyNot.SESSION_LIMIT
    assert "a prueba" in standing.detail
    # Tomorrow has ten of its own.
    assert make_plan(ON + dt.timedelta(days=1)).slots[campaign.session_id][0].session_limit == 10


def test_it_is_raised_by_itself_after_two_days_in_which_every_criterion_held(boss: User) -> None:
    turn = set_going(boss)
    campaign = running_campaign()
    arrived(campaign)

    assert not comeback.review(ON + dt.timedelta(hours=47))
    assert switch.capped() == turn

    assert comeback.review(LATER)
    assert switch.capped() is None
    assert switch.is_on()
    last = SenderSwitch.objects.latest("id")
    assert (last.by, last.cap, last.at) == (None, None, LATER)
    # Done is done.
    assert not comeback.review(LATER)


@pytest.mark.parametrize("wrong", ["few", "unproven", "errors", "stuck", "not_ready"])
def test_one_criterion_that_does_not_hold_keeps_the_cap(boss: User, wrong: str) -> None:
    turn = set_going(boss)
    campaign = running_campaign()
    arrived(campaign, 4 if wrong == "few" else 5)
    at = ON + 30 * MINUTE
    if wrong == "unproven":
        EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=at)
    if wrong == "errors":
        EnvioFactory(campaign=campaign, state=EnvioState.ERROR, ended_at=at)
    if wrong == "stuck":
        EnvioFactory(campaign=campaign, state=EnvioState.SENDING, lease_until=at)
    if wrong == "not_ready":
        AttemptFactory(
            envio__campaign=campaign,
            session_day=SessionDayFactory(session=campaign.session, day=at.date()),
            schedule_day=ScheduleDayFactory(schedule__campaign=campaign),
            outcome=AttemptOutcome.NOT_SENT,
            code="SESSION_NOT_READY",
            claimed_at=at,
        )

    assert not comeback.review(LATER)
    assert switch.capped() == turn
    trial = comeback.trial(LATER)
    assert trial is not None
    assert [criterion.holds for criterion in trial.criteria].count(False) == 1


def test_what_was_wrong_before_the_way_back_does_not_count(boss: User) -> None:
    campaign = running_campaign()
    EnvioFactory.create_batch(3, campaign=campaign, state=EnvioState.ERROR, ended_at=STOPPED)
    EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=STOPPED)
    set_going(boss)
    arrived(campaign)

    assert comeback.review(LATER)


def test_nothing_is_raised_while_it_is_off(boss: User) -> None:
    set_going(boss)
    arrived(running_campaign())
    switch.turn(on=False, by=boss, reason="Alto", now=ON + MINUTE)

    assert not comeback.review(LATER)
    assert not switch.is_on()


def test_a_person_raises_it_before_with_a_reason_and_only_once(boss: User) -> None:
    turn = set_going(boss)
    with pytest.raises(Incomplete, match="motivo"):
        switch.end_cap(turn, by=boss, reason=" ", now=ON)
    with pytest.raises(NotAllowed):
        switch.end_cap(turn, by=UserFactory(), reason="Quiero", now=ON)
    assert switch.capped() == turn

    switch.end_cap(turn, by=boss, reason="Lo miré", now=ON + MINUTE)

    assert switch.capped() is None
    assert SenderSwitch.objects.latest("id").by == boss
    with pytest.raises(WrongState, match="mientras tanto"):
        switch.end_cap(turn, by=boss, reason="Otra vez", now=ON + MINUTE)


@pytest.mark.django_db(transaction=True)
def test_the_sender_itself_keeps_to_the_cap_and_earns_its_limit_afterwards() -> None:
    world = World()
    world.campaign(envios=40, session__daily_limit=1000, daily_cap=1000)
    stop()
    switch.turn(on=True, by=UserFactory(role=Role.SUPERVISOR), reason="Ya revisé", now=world.now)

    world.run_minutes(3)
    assert len(world.provider.ledger) == switch.COMEBACK_CAP

    turn, boss = switch.capped(), UserFactory.create(role=Role.SUPERVISOR)
    assert turn is not None
    switch.end_cap(turn, by=boss, reason="Lo miré", now=world.now)
    world.run_minutes(3)
    assert len(world.provider.ledger) == 20

    line = WhatsAppSession.objects.get()
    warm_up.lift(line, by=boss, reason="La línea está bien", now=world.now)
    world.run_minutes(3)
    assert len(world.provider.ledger) == 40
