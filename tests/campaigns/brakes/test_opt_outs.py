"""Too many of those whom a campaign reached ask for silence: it is paused, told, and let go by a supervisor."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from campaigns import opt_out_doubts
from campaigns.brakes import watch
from campaigns.brakes.base import News
from campaigns.brakes.lifting import lift
from campaigns.brakes.newest_tries import MOST, newest_tries
from campaigns.brakes.opt_outs import Share, shares_of
from campaigns.engine.why_not import why_not
from campaigns.enums import AttemptOutcome, BrakeKind, CampaignState, EnvioState, WhyNot
from campaigns.errors import NotAllowed
from campaigns.health import check_brakes
from campaigns.models import Campaign, CampaignBrake, ScheduleDay
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Suppression
from leadmaster.ops.models import Alert
from tests.campaigns.webhooks.events import SECRET, inbound, post
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import (
    AttemptFactory,
    CampaignFactory,
    EnvioFactory,
    ScheduleDayFactory,
    ScheduleFactory,
)
from tests.factories.whatsapp import WhatsAppSessionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _small_numbers(settings: Settings) -> None:
    settings.OPT_OUT_PAUSE, settings.OPT_OUT_MIN_REACHED = 20, 5


@pytest.fixture
def campaign(db: None) -> Campaign:
    session = WhatsAppSessionFactory.create(tenant_id="51", webhook_secret=SECRET)
    row: Campaign = CampaignFactory.create(session=session, state=CampaignState.RUNNING)
    EnvioFactory.create(campaign=row, phone=phone(99))
    return row


def phone(number: int) -> str:
    return f"+5493515551{number:03}"


def reached(campaign: Campaign, numbers: range, *, ago: int = 60, state: EnvioState = EnvioState.SENT) -> None:
    """A message of a minute ago, or `ago` seconds, to each of these."""
    at = timezone.now() - dt.timedelta(seconds=ago)
    schedule = campaign.schedules.first() or ScheduleFactory.create(campaign=campaign)
    day = ScheduleDay.objects.filter(schedule=schedule).first() or ScheduleDayFactory.create(
        schedule=schedule, day=at.date()
    )
    for number in numbers:
        envio = EnvioFactory.create(campaign=campaign, phone=phone(number), state=state, sent_at=at)
        AttemptFactory.create(envio=envio, schedule_day=day, outcome=AttemptOutcome.SENT, claimed_at=at)


def asks(number: int, text: str = "BAJA") -> None:
    assert post(inbound(text, sender=f"{phone(number)[1:]}@c.us")) == 200


def supervisor_of(campaign: Campaign) -> User:
    boss: User = UserFactory.create(role=Role.SUPERVISOR)
    campaign.team.supervisors.add(boss)
    return boss


def state_of(campaign: Campaign) -> CampaignState:
    campaign.refresh_from_db()
    return CampaignState(campaign.state)


def test_the_opt_out_that_is_one_too_many_pauses_it_at_once(campaign: Campaign) -> None:
    reached(campaign, range(10))
    asks(0)
    assert state_of(campaign) == CampaignState.RUNNING

    asks(1, "No me escriban más por favor")

    assert state_of(campaign) == CampaignState.PAUSED
    hold = CampaignBrake.objects.get(open_for=campaign)
    told = "pidieron la baja 2 de los últimos 10 a los que les llegó (20 %)"
    assert (hold.kind, hold.detail) == (BrakeKind.OPT_OUTS, told)
    standing = why_not(campaign, timezone.now())
    assert (standing.reason, standing.detail) == (WhyNot.OPT_OUTS, told)
    assert Alert.objects.filter(open_key=f"campaign-opt-outs:{campaign.pk}").exists()


def test_of_too_few_nothing_is_said_until_enough_were_reached(campaign: Campaign) -> None:
    reached(campaign, range(4))
    asks(0)
    assert state_of(campaign) == CampaignState.RUNNING

    reached(campaign, range(4, 5))
    watch.look(News({campaign.pk: campaign}), timezone.now())

    assert state_of(campaign) == CampaignState.PAUSED


def test_what_is_not_about_this_campaign_does_not_count(campaign: Campaign) -> None:
    reached(campaign, range(5))
    now = timezone.now()
    before = now - dt.timedelta(hours=1)
    # Before the message; by a person's decision; still in doubt; and somebody who was never reached.
    for number, source, at in (
        (0, Suppression.Source.REPLY, before),
        (1, Suppression.Source.PERSON, now),
        (2, Suppression.Source.DOUBT, now),
        (50, Suppression.Source.REPLY, now),
    ):
        Suppression.objects.create(phone=phone(number), source=source, created_at=at)
    reached(campaign, range(60, 62), state=EnvioState.ERROR)

    assert shares_of([campaign], newest_tries([campaign], now)) == {campaign.pk: Share(reached=5, asked=0)}


def test_a_doubt_counts_once_somebody_says_that_it_was_one(campaign: Campaign) -> None:
    reached(campaign, range(5))
    asks(0, "no me escriban hoy")
    assert Suppression.objects.in_doubt().exists()
    assert state_of(campaign) == CampaignState.RUNNING

    opt_out_doubts.confirm(Suppression.objects.get(), by=supervisor_of(campaign), now=timezone.now())

    watch.look(News({campaign.pk: campaign}), timezone.now())
    assert state_of(campaign) == CampaignState.PAUSED


def test_the_share_is_that_of_the_newest(campaign: Campaign) -> None:
    reached(campaign, range(3), ago=600)
    for number in range(3):
        asks(number)
    reached(campaign, range(100, 100 + MOST))

    assert shares_of([campaign], newest_tries([campaign], timezone.now()))[campaign.pk] == Share(reached=MOST, asked=0)


def test_a_campaign_may_say_otherwise(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(opt_out_pause=0)
    reached(campaign, range(5))

    for number in range(5):
        asks(number)

    assert state_of(campaign) == CampaignState.RUNNING


def test_a_supervisor_lets_go_with_a_reason_and_it_is_counted_anew(campaign: Campaign) -> None:
    reached(campaign, range(5))
    asks(0)
    assert state_of(campaign) == CampaignState.PAUSED
    boss = supervisor_of(campaign)
    with pytest.raises(NotAllowed):
        lift(campaign, by=campaign.owner, reason="dale", now=timezone.now())

    lift(campaign, by=boss, reason="Era una lista vieja", now=timezone.now())

    assert state_of(campaign) == CampaignState.RUNNING
    assert not Alert.objects.filter(open_key__isnull=False).exists()
    asks(1)
    assert state_of(campaign) == CampaignState.RUNNING


def test_what_was_told_ends_with_the_campaign(campaign: Campaign) -> None:
    reached(campaign, range(5))
    asks(0)
    key = f"campaign-opt-outs:{campaign.pk}"
    assert key not in {result.key for result in check_brakes(timezone.now())}

    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.CANCELLED)

    assert key in {result.key for result in check_brakes(timezone.now())}
