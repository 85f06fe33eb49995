"""A campaign waits while those who attend to its answers have too many unanswered, and goes on by itself."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from campaigns.brakes import sellers
from campaigns.brakes.lifting import lift
from campaigns.brakes.sellers import Crowd, crowd_of
from campaigns.engine.plan import make_plan
from campaigns.engine.why_not import why_not
from campaigns.enums import CampaignState, ConversationState, EnvioState, WhyNot
from campaigns.errors import NotAllowed, WrongState
from campaigns.forecast import forecast
from campaigns.models import Campaign, CampaignSellersHold, Conversation
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, ConversationFactory
from tests.faults.harness import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def campaign(world: World) -> Campaign:
    """Of a promoter, for whom no more than four may wait."""
    return world.campaign(envios=30, seller_capacity=4)


def wait(campaign: Campaign, count: int, now: dt.datetime, /, **fields: object) -> list[Conversation]:
    given = {"campaign": campaign, "session": campaign.session, "waiting_since": now - dt.timedelta(minutes=5)}
    rows: list[Conversation] = ConversationFactory.create_batch(count, **{**given, **fields})
    return rows


def attended(rows: list[Conversation]) -> None:
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=ConversationState.HANDLED, waiting_since=None, due_at=None, unread=0
    )


def sent(campaign: Campaign) -> int:
    return campaign.envios.filter(state=EnvioState.SENT).count()


def test_it_waits_above_its_number_and_goes_on_when_they_have_caught_up(world: World, campaign: Campaign) -> None:
    rows = wait(campaign, 5, world.now)

    world.run_minutes(2)
    assert sent(campaign) == 0
    standing = why_not(campaign, world.now)
    told = "hay más de 4 conversaciones sin contestar para una persona; sigue cuando queden 3"
    assert (standing.reason, standing.detail) == (WhyNot.SELLERS, told)
    assert Campaign.objects.get(pk=campaign.pk).state == CampaignState.RUNNING

    # At the number itself it still waits: else it would stop and go with every message.
    attended(rows[:1])
    world.run_minutes(1)
    assert sent(campaign) == 0

    attended(rows[:2])
    world.run_minutes(2)
    assert sent(campaign) > 0


def test_at_its_number_it_sends(world: World, campaign: Campaign) -> None:
    wait(campaign, 4, world.now)

    world.run_minutes(1)

    assert sent(campaign) > 0


def test_without_a_number_nobody_is_waited_for(world: World, settings: Settings) -> None:
    campaign = world.campaign(envios=5)
    wait(campaign, 50, world.now)
    never = Campaign.objects.get(pk=campaign.pk)
    assert not sellers.allowed_each(never)

    settings.SELLER_CAPACITY = 10
    world.run_minutes(1)
    assert sent(campaign) == 0
    Campaign.objects.filter(pk=campaign.pk).update(seller_capacity=0)
    world.run_minutes(1)
    assert sent(campaign) > 0


def test_what_is_put_off_or_attended_to_does_not_count(world: World, campaign: Campaign) -> None:
    later = world.now + dt.timedelta(hours=2)
    for row in wait(campaign, 5, world.now):
        Conversation.objects.filter(pk=row.pk).update(state=ConversationState.SNOOZED, due_at=later)
    attended(wait(campaign, 5, world.now))

    assert crowd_of(campaign, world.now).waiting == 0


def test_what_waits_for_its_owner_counts_whatever_brought_it(world: World, campaign: Campaign) -> None:
    other = CampaignFactory.create(owner=campaign.owner, team=campaign.team)
    wait(other, 1, world.now)
    wait(campaign, 1, world.now, campaign=None, assigned_to=campaign.owner)
    # Somebody else's, and of somebody else's campaign.
    colleague: User = UserFactory.create()
    wait(campaign, 1, world.now, assigned_to=colleague)
    wait(CampaignFactory.create(team=campaign.team), 1, world.now)

    assert crowd_of(campaign, world.now) == Crowd(waiting=2, sellers=1, allowed=4)


def test_of_somebody_who_supervises_the_teams_promoters_attend(world: World) -> None:
    campaign = world.campaign(envios=5, seller_capacity=2)
    User.objects.filter(pk=campaign.owner_id).update(role=Role.SUPERVISOR)
    campaign = Campaign.objects.get(pk=campaign.pk)
    here, there = UserFactory.create_batch(2)
    gone = UserFactory.create(is_active=False)
    campaign.team.members.set([here, there, gone])
    wait(campaign, 2, world.now)
    wait(campaign, 2, world.now, assigned_to=here)

    assert crowd_of(campaign, world.now) == Crowd(waiting=4, sellers=2, allowed=4)
    assert not crowd_of(campaign, world.now).too_many
    wait(CampaignFactory.create(team=campaign.team), 1, world.now)
    assert crowd_of(campaign, world.now).too_many


def test_the_forecast_says_what_it_waits_for(world: World, campaign: Campaign) -> None:
    wait(campaign, 5, world.now)
    world.run_minutes(1)

    told = forecast(Campaign.objects.get(pk=campaign.pk), world.now)

    assert told.held.startswith("Espera a que contesten a quienes ya respondieron")
    assert told.sentence.startswith(told.held)


def test_a_supervisor_lets_it_go_on_for_a_day(world: World, campaign: Campaign) -> None:
    wait(campaign, 9, world.now)
    world.fill(campaign, 300)
    world.run_minutes(1)
    with pytest.raises(NotAllowed):
        lift(campaign, by=campaign.owner, reason="dale", now=world.now)
    boss: User = UserFactory.create(role=Role.SUPERVISOR)
    campaign.team.supervisors.add(boss)

    lift(campaign, by=boss, reason="Mañana hay más gente", now=world.now)
    world.run_minutes(1)

    assert sent(campaign) > 0
    assert campaign.events.filter(reason__contains="Mañana hay más gente", by=boss).exists()
    with pytest.raises(WrongState):
        lift(campaign, by=boss, reason="otra vez", now=world.now)
    make_plan(world.now + dt.timedelta(days=1, minutes=1))
    assert CampaignSellersHold.objects.get().held_since is not None


def test_it_asks_nothing_where_nobody_wants_it_and_little_where_they_do(
    world: World, campaign: Campaign, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    wait(campaign, 3, world.now)
    loaded = list(Campaign.objects.select_related("owner", "team", "sellers_hold"))
    with django_assert_num_queries(3):
        sellers.review(loaded, world.now)
    loaded[0].seller_capacity = 0
    with django_assert_num_queries(0):
        sellers.review(loaded, world.now)
