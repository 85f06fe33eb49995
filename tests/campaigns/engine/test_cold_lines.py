"""A line that takes only people who know it says so wherever somebody asks why nothing goes out."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from campaigns.engine.plan import make_plan
from campaigns.engine.why_not import why_not, why_not_this
from campaigns.enums import CampaignState, EnvioState, WhyNot
from campaigns.models import Campaign, Envio, Tick
from leadmaster.accounts.roles import Role
from tests.company import signed_in
from tests.factories.accounts import UserFactory
from tests.faults.harness import World
from whatsapp import sessions
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World()


def cold(world: World, *, envios: int = 2) -> Campaign:
    """A campaign to people who do not know its line, which WhatsApp refused an hour's first contacts."""
    campaign = world.campaign(envios=envios)
    WhatsAppSession.objects.update(cold_until=world.now + HOUR, cold_refusals=2, cold_refused_at=world.now)
    return Campaign.objects.select_related("session").get(pk=campaign.pk)


def test_tick_list_and_page_give_the_reason_and_its_end(world: World) -> None:
    campaign = cold(world)
    until = campaign.session.cold_until

    told = why_not(campaign, world.now)

    assert (told.reason, told.until) == (WhyNot.COLD, until)
    assert "supervisor" in told.detail
    assert make_plan(world.now).standings[campaign.pk] == told
    assert why_not_this(campaign.envios.all()[0], world.now) == told
    world.run_minutes(1)
    assert Tick.objects.latest("id").report["waiting"] == {str(campaign.pk): WhyNot.COLD}
    assert world.provider.ledger == []


def test_who_knows_the_line_gets_theirs_and_the_others_say_why_not(world: World) -> None:
    campaign = cold(world, envios=1)
    [known] = world.fill(campaign, 1, warm=True)
    assert make_plan(world.now).standings[campaign.pk].reason is None
    new = campaign.envios.get(warm=False)
    assert why_not_this(new, world.now).reason == WhyNot.COLD
    assert why_not_this(campaign.envios.get(warm=True), world.now).reason != WhyNot.COLD

    world.run_minutes(1)

    assert [line.phone for line in world.provider.ledger] == [known.phone]
    assert why_not(campaign, world.now).reason == WhyNot.COLD


def test_it_ends_for_those_whom_it_takes_when_their_turn_comes(world: World) -> None:
    campaign = cold(world)
    soon = world.now + HOUR / 4
    world.fill(campaign, 1, warm=True, next_due=soon)

    told = why_not(campaign, world.now)

    assert (told.reason, told.until) == (WhyNot.COLD, soon)
    waits = why_not_this(campaign.envios.get(warm=True), world.now)
    assert (waits.reason, waits.until) == (WhyNot.BACK_OFF, soon)


def test_nothing_is_said_of_it_when_only_known_people_wait_or_it_is_over(world: World) -> None:
    campaign = cold(world, envios=0)
    world.fill(campaign, 1, warm=True, next_due=world.now + HOUR / 4)
    assert why_not(campaign, world.now).reason == WhyNot.BACK_OFF

    world.fill(campaign, 1)
    assert make_plan(world.now + HOUR).standings[campaign.pk].reason is None


def test_the_supervisor_lifts_it_from_the_campaigns_page(world: World) -> None:
    boss = UserFactory(role=Role.ADMINISTRATOR)
    campaign = cold(world)
    # The page asks by the wall clock.
    WhatsAppSession.objects.update(cold_until=dt.datetime.now(dt.UTC) + HOUR)
    lift = reverse("admin:whatsapp_whatsappsession_lift_cold", args=[campaign.session_id])
    address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    client = signed_in(boss)
    assert lift in client.get(address).content.decode()

    sessions.lift_cold(campaign.session, by=boss, reason="Ya lo hablé", now=dt.datetime.now(dt.UTC))

    assert lift not in client.get(address).content.decode()
    world.run_minutes(2)
    assert Envio.objects.filter(campaign=campaign, state=EnvioState.SENT).count() == 2
    assert Campaign.objects.get(pk=campaign.pk).state == CampaignState.FINISHED
