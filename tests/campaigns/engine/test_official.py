"""A line that takes free text only in answer: what is handed over, what is refused before it is, and how many people."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from campaigns import lifecycle, official_template
from campaigns.brakes import lifting
from campaigns.engine.plan import standing_of
from campaigns.enums import BrakeKind, CampaignState, EnvioState, WhyNot
from campaigns.errors import Incomplete
from campaigns.models import Attempt, Campaign, CampaignBrake, Envio, Reply
from leadmaster.accounts.roles import Role
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory
from tests.faults.harness import World
from tests.faults.world import Behaviour
from whatsapp.gateways import answers
from whatsapp.gateways.base import ApprovedTemplate, Capability, OutboundMessage

pytestmark = pytest.mark.django_db(transaction=True)

OFFICIAL = (Capability.CALLBACKS, Capability.ECHO, Capability.TEMPLATES, Capability.NO_OWN_CHAT)
TEMPLATE: dict[str, Any] = {
    "official_name": "aviso",
    "official_language": "es_AR",
    "official_parameters": "{nombre}\nsaldo: {saldo|—}\n",
}


class Handed:
    """What the provider was handed, in order."""

    def __init__(self, world: World) -> None:
        self.messages: list[OutboundMessage] = []
        world.provider.behave = self

    def __call__(self, message: OutboundMessage) -> Behaviour:
        self.messages.append(message)
        return Behaviour()


def official_world(**fields: Any) -> tuple[World, Campaign, Handed]:
    world = World(capabilities=OFFICIAL)
    campaign = world.campaign(**fields)
    return world, campaign, Handed(world)


def wrote(world: World, envio: Envio, *, ago: dt.timedelta) -> None:
    Reply.objects.create(
        session=envio.session, phone=envio.phone, text="hola", at=world.now - ago, message_id=f"in-{envio.pk}"
    )


def test_who_wrote_lately_gets_the_text_and_everybody_else_the_template() -> None:
    world, campaign, handed = official_world(**TEMPLATE)
    near, far = world.fill(campaign, 2, name="Ana", variables={"saldo": "$ 500\n y más"})
    wrote(world, near, ago=dt.timedelta(hours=23))
    wrote(world, far, ago=dt.timedelta(hours=24))

    world.tick()

    by_phone = {message.phone: message for message in handed.messages}
    assert by_phone[near.phone].template is None
    assert by_phone[near.phone].text == near.text
    assert by_phone[far.phone].template == ApprovedTemplate(
        name="aviso", language="es_AR", parameters=("Ana", "saldo: $ 500 y más")
    )
    assert world.states() == {EnvioState.SENT: 2}


def test_without_a_template_it_is_refused_before_it_leaves_and_costs_nothing() -> None:
    world, campaign, handed = official_world()
    [envio] = world.fill(campaign, 1)

    world.tick()

    envio.refresh_from_db()
    assert handed.messages == []
    assert (envio.state, envio.error_code, envio.dispatched_at) == (EnvioState.ERROR, "NEEDS_TEMPLATE", None)
    assert Attempt.objects.get().refunded
    assert world.findings() == []


def test_whose_data_lacks_what_the_template_says_gets_none() -> None:
    world, campaign, handed = official_world(**{**TEMPLATE, "official_parameters": "{saldo}"})
    [envio] = world.fill(campaign, 1, variables={})

    world.tick()

    envio.refresh_from_db()
    assert handed.messages == []
    assert (envio.state, envio.error_code) == (EnvioState.ERROR, "TEMPLATE_DATA")
    assert "{saldo}" in envio.error_text


def test_other_lines_never_ask_for_a_window() -> None:
    world = World()
    campaign, handed = world.campaign(**TEMPLATE), Handed(world)
    world.fill(campaign, 1)
    world.tick()
    assert [message.template for message in handed.messages] == [None]


def test_a_refused_template_pauses_its_campaign_and_loses_nobody() -> None:
    world, campaign, _handed = official_world(**TEMPLATE)
    other = world.campaign(session=campaign.session, envios=1, **TEMPLATE)
    world.fill(campaign, 3)
    bad = {*Envio.objects.filter(campaign=campaign).values_list("phone", flat=True)}

    def behave(message: OutboundMessage) -> Behaviour:
        return Behaviour(delivers=False, error=answers.TEMPLATE.error()) if message.phone in bad else Behaviour()

    world.provider.behave = behave
    world.run_minutes(2)

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    assert len(world.provider.sends) == 2, "one of the bad template, one of the other campaign"
    assert set(Envio.objects.filter(campaign=campaign).values_list("state", "attempts")) == {(EnvioState.PENDING, 0)}
    assert set(Envio.objects.filter(campaign=other).values_list("state", flat=True)) == {EnvioState.SENT}
    assert Alert.objects.filter(open_key=f"campaign-template:{campaign.pk}").exists()

    world.provider.behave = lambda _message: Behaviour()
    boss = UserFactory(role=Role.ADMINISTRATOR)
    lifting.lift(campaign, by=boss, reason="Meta la aprobó de nuevo", now=world.now)
    world.come_to_rest()

    assert world.states() == {EnvioState.SENT: 4}
    assert not CampaignBrake.objects.filter(open_for=campaign, kind=BrakeKind.TEMPLATE).exists()
    assert world.findings() == []


# --- How many people a day -------------------------------------------------------------------------------------------


def test_no_more_people_are_written_to_in_a_day_than_whatsapp_allows() -> None:
    world, campaign, handed = official_world(session__people_a_day=3, **TEMPLATE)
    world.fill(campaign, 5)

    world.run_minutes(3)

    assert len(handed.messages) == 3
    standing = standing_of(campaign, world.now)
    assert standing.reason is WhyNot.SESSION_LIMIT
    assert "3 personas" in standing.detail


def test_the_bound_is_of_24_hours_and_goes_over_midnight() -> None:
    start = dt.datetime(2026, 2, 8, 2, 50, tzinfo=dt.UTC)  # 23:50 in Córdoba
    world = World(capabilities=OFFICIAL, start=start)
    campaign, handed = world.campaign(session__people_a_day=3, **TEMPLATE), Handed(world)
    world.fill(campaign, 5)
    world.run_minutes(12)
    assert len(handed.messages) == 3, "another day began, and the 24 hours did not end"
    world.clock.time += dt.timedelta(hours=24)
    world.run_minutes(3)
    assert len(handed.messages) == 5


def test_the_24_hours_are_whatsapps_and_not_ours_to_the_second() -> None:
    start = dt.datetime(2026, 2, 8, 2, 50, tzinfo=dt.UTC)  # 23:50 in Córdoba
    world = World(capabilities=OFFICIAL, start=start)
    campaign, handed = world.campaign(session__people_a_day=3, **TEMPLATE), Handed(world)
    world.fill(campaign, 5)
    world.run_minutes(5)
    last = Attempt.objects.latest("id").claimed_at

    world.clock.time = last + dt.timedelta(hours=24, seconds=30)
    world.run_minutes(1)

    assert len(handed.messages) == 3


# --- Before it is sent to be approved --------------------------------------------------------------------------------


def draft(**fields: Any) -> Campaign:
    capabilities = sorted(one.value for one in OFFICIAL)
    campaign: Campaign = CampaignFactory(session__capabilities=capabilities, **fields)
    EnvioFactory(campaign=campaign)
    ScheduleFactory(campaign=campaign)
    return campaign


def test_a_campaign_through_the_official_api_needs_its_template_before_anybody_approves_it() -> None:
    campaign = draft()
    now = World().now
    with pytest.raises(Incomplete, match="plantilla aprobada"):
        lifecycle.submit(campaign, by=None, now=now)
    Campaign.objects.filter(pk=campaign.pk).update(official_name="aviso", official_language="es_AR")
    assert lifecycle.submit(campaign, by=None, now=now).state == CampaignState.AWAITING_APPROVAL


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (("Aviso Nuevo", "es", ""), "official_name"),
        (("aviso", "", ""), "official_language"),
        (("aviso", "español", ""), "official_language"),
        (("", "es", ""), "official_name"),
        (("aviso", "es", "{ciudad}"), "official_parameters"),
        (("aviso", "es", "{suelta"), "official_parameters"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_beside_its_field(written: tuple[str, str, str], field: str) -> None:
    assert list(official_template.problems(*written, columns=["saldo"])) == [field]


def test_a_right_one_and_none_are_both_fine() -> None:
    assert official_template.problems("aviso", "es_AR", "{nombre}\n{saldo}", columns=["saldo"]) == {}
    assert official_template.problems("", "", "") == {}
