"""The first messages go ahead alone, and nothing but a person or their arrival lets the rest go."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaigns import lifecycle, receipts
from campaigns.brakes.lifting import lift
from campaigns.engine import claim as claiming
from campaigns.engine.plan import Plan, ensure_days, make_plan
from campaigns.engine.why_not import why_not
from campaigns.enums import Ack, CampaignState, EnvioState, WhyNot
from campaigns.errors import NotAllowed, WrongState
from campaigns.health import check_brakes
from campaigns.models import Campaign, CampaignCanary, CampaignEvent, Envio, Lane
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.ops.alerts import apply_results
from leadmaster.ops.models import Alert
from tests import company as companies
from tests.company import signed_in
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory, running_campaign
from tests.faults.harness import World
from tests.faults.world import Behaviour
from whatsapp.gateways.base import Capability, GatewayError, Outcome, Scope
from whatsapp.receipts import Receipt, ReceiptKind

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = GatewayError("No tiene WhatsApp.", outcome=Outcome.REFUSED, scope=Scope.MESSAGE, code="NOT_ON_WHATSAPP")
DOUBT = GatewayError("Nadie contestó.", outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE, code="TIMEOUT")


@pytest.fixture
def world() -> World:
    return World(capabilities=[Capability.CALLBACKS])


def launched(world: World, *, envios: int, size: int = 3, **fields: Any) -> Campaign:
    """A campaign of which so many go ahead, on a line that tells its acknowledgements."""
    fields.setdefault("session__webhook_secret", "secreto")
    campaign = world.campaign(envios=envios, **fields)
    CampaignCanary.objects.create(campaign=campaign, size=size)
    return campaign


def acknowledge(world: World, *envios: Envio) -> None:
    for envio in envios:
        receipt = Receipt(
            kind=ReceiptKind.SERVER,
            message_id=envio.message_id or "",
            client_message_id=None,
            at=world.now,
            error_code="",
            error_text="",
        )
        receipts.apply(receipt, session=envio.session, now=world.now)


def sent() -> list[Envio]:
    return list(Envio.objects.filter(state=EnvioState.SENT).order_by("sent_at", "id"))


def boss_of(campaign: Campaign) -> User:
    boss: User = UserFactory(role=Role.SUPERVISOR)
    campaign.team.supervisors.add(boss)
    return boss


# --- Who goes ahead ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("setting", "own", "size"), [(10, None, 10), (10, 4, 4), (10, 0, None), (0, None, None)])
def test_a_launch_says_how_many_go_ahead(settings: Any, setting: int, own: int | None, size: int | None) -> None:
    settings.CANARY_SIZE = setting
    campaign = CampaignFactory(state=CampaignState.APPROVED, canary_size=own)
    ScheduleFactory(campaign=campaign, state="aprobada")

    lifecycle.launch(campaign, by=None, now=timezone.now())

    assert CampaignCanary.objects.values_list("size", flat=True).first() == size


def test_the_rest_waits_until_the_first_have_reached_the_server(world: World) -> None:
    campaign = launched(world, envios=8)
    world.run_minutes(2)

    assert len(sent()) == 3
    standing = why_not(campaign, world.now)
    assert (standing.reason, standing.detail) == (WhyNot.CANARY, "llegaron 0 de 3")

    acknowledge(world, *sent()[:2])
    world.run_minutes(1)
    assert (len(sent()), why_not(campaign, world.now).detail) == (3, "llegaron 2 de 3")

    acknowledge(world, sent()[2])
    world.run_minutes(1)
    assert len(sent()) == 8
    assert CampaignCanary.objects.get().passed_at is not None
    assert not Alert.objects.exists()


def test_a_line_without_acknowledgements_is_taken_at_its_gateways_word() -> None:
    world = World()
    launched(world, envios=6, session__webhook_secret="")

    world.run_minutes(2)

    assert len(sent()) == 6


def test_fewer_than_go_ahead_wait_for_nobody(world: World) -> None:
    launched(world, envios=3, size=10)

    world.run_minutes(1)

    assert Campaign.objects.get().state == CampaignState.FINISHED


def test_campaigns_from_before_are_not_held_back(world: World) -> None:
    world.campaign(envios=15, session__webhook_secret="secreto")

    world.run_minutes(1)

    assert len(sent()) == 15


# --- However many at once ----------------------------------------------------------------------------------------


def ready(world: World) -> Plan:
    plan = make_plan(world.now)
    ensure_days(plan)
    claiming.ensure_lanes(plan, now=world.now)
    return plan


def test_many_lanes_and_two_ticks_claim_no_more_than_go_ahead(world: World) -> None:
    launched(world, envios=20, session__lane_count=8)
    one, other = ready(world), ready(world)
    lanes = list(Lane.objects.order_by("id").values_list("id", flat=True))

    first = claiming.claim(lanes[:2], one.slots, now=world.now)
    second = claiming.claim(lanes[2:], other.slots, now=world.now)
    third = claiming.claim(lanes[2:], one.slots, now=world.now)
    fourth = claiming.claim(lanes[3:], ready(world).slots, now=world.now)

    # The second tick counted before the first one claimed: it finds out, and leaves them alone.
    assert [len(found.claims) for found in (first, second, third, fourth)] == [2, 0, 1, 0]


def test_the_plan_and_each_claim_ask_one_question_more_while_the_first_go_ahead(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = launched(world, envios=5, keeps_off_holidays=False)
    plan, lane = ready(world), Lane.objects.get()

    with django_assert_num_queries(6):
        make_plan(world.now)
    with django_assert_num_queries(11):
        claiming.claim([lane.pk], plan.slots, now=world.now)

    CampaignCanary.objects.filter(campaign=campaign).update(passed_at=world.now)
    with django_assert_num_queries(5):
        make_plan(world.now)


# --- What goes wrong ---------------------------------------------------------------------------------------------


def test_a_failed_one_makes_room_for_another(world: World) -> None:
    launched(world, envios=8)
    refused = iter([True, True])
    world.provider.behave = lambda _message: (
        Behaviour(delivers=False, error=REFUSED) if next(refused, False) else Behaviour()
    )

    world.run_minutes(2)
    assert world.states() == {"error": 2, "enviado": 3, "pendiente": 3}

    acknowledge(world, *sent())
    world.run_minutes(1)
    assert world.states() == {"error": 2, "enviado": 6}


def test_when_as_many_failed_as_had_to_arrive_a_person_decides(world: World) -> None:
    campaign = launched(world, envios=9)
    world.provider.behave = lambda _message: Behaviour(delivers=False, error=REFUSED)

    world.run_minutes(3)
    apply_results(check_brakes(world.now), now=world.now)

    assert world.states() == {"error": 3, "pendiente": 6}
    assert why_not(campaign, world.now).detail == "llegaron 0 de 3, fallaron 3"
    assert Alert.objects.get().open_key == f"campaign-canary:{campaign.pk}"


@pytest.mark.parametrize("error", [None, DOUBT])
def test_one_that_keeps_its_place_too_long_is_told_and_nothing_else_is_sent(
    world: World, error: GatewayError | None
) -> None:
    campaign = launched(world, envios=6)
    world.provider.behave = lambda _message: Behaviour(error=error)
    world.run_minutes(10)
    assert check_brakes(world.now) == []

    world.run_minutes(10)
    apply_results(check_brakes(world.now), now=world.now)

    assert Envio.objects.filter(state=EnvioState.PENDING).count() == 3
    assert Alert.objects.get().open_key == f"campaign-canary:{campaign.pk}"


def test_a_supervisor_lets_the_rest_go(world: World) -> None:
    campaign = launched(world, envios=6)
    world.run_minutes(20)
    apply_results(check_brakes(world.now), now=world.now)
    boss = boss_of(campaign)
    with pytest.raises(NotAllowed):
        lift(campaign, by=campaign.owner, reason="Es mía", now=world.now)

    lift(campaign, by=boss, reason="Vi los mensajes en el teléfono", now=world.now)
    world.run_minutes(1)

    assert len(sent()) == 6
    event = CampaignEvent.objects.get(by=boss)
    assert (event.from_state, event.to_state) == (CampaignState.RUNNING, CampaignState.RUNNING)
    assert event.reason == "Soltó el freno: Vi los mensajes en el teléfono"
    assert Alert.objects.get().open_key is None
    with pytest.raises(WrongState):
        lift(campaign, by=boss, reason="Otra vez", now=world.now)


def test_a_late_refusal_takes_the_arrival_back(world: World) -> None:
    campaign = launched(world, envios=6)
    world.run_minutes(1)
    acknowledge(world, *sent()[:2])
    Envio.objects.filter(pk=sent()[2].pk).update(state=EnvioState.ERROR, ended_at=world.now)

    world.run_minutes(1)

    assert why_not(campaign, world.now).detail == "llegaron 2 de 3, fallaron 1"
    assert Envio.objects.filter(state=EnvioState.PENDING).count() == 2


# --- On the screens ----------------------------------------------------------------------------------------------


def test_pages_and_api_say_what_it_waits_for_and_offer_to_let_go() -> None:
    company = companies.build()
    campaign = running_campaign(
        envios=2,
        owner=company.owner,
        team=company.team,
        session__capabilities=["callbacks"],
        session__webhook_secret="secreto",
    )
    CampaignCanary.objects.create(campaign=campaign, size=1)
    EnvioFactory(
        campaign=campaign,
        state=EnvioState.SENT,
        ack=Ack.NONE,
        dispatched_at=timezone.now() - dt.timedelta(minutes=1),
    )
    boss, said = signed_in(company.supervisor), "Espera que sus primeros mensajes lleguen al servidor: llegaron 0 de 1"

    page = boss.get(f"/admin/campaigns/campaign/{campaign.pk}/change/").content.decode()
    assert said in page
    assert f"/admin/campaigns/campaign/{campaign.pk}/lift/" in page
    assert said in boss.get("/admin/campaigns/campaign/").content.decode()
    mine = signed_in(company.owner).get(f"/mis-campanias/{campaign.pk}/").content.decode()
    assert said in mine
    assert "Tu supervisor puede soltar el freno." in mine
    assert boss.get(f"/api/v1/campaigns/{campaign.pk}/why-not/").json()["reason"] == "primeros"

    answer = boss.post(f"/admin/campaigns/campaign/{campaign.pk}/lift/", {"reason": "Ya llegaron"})

    assert answer.status_code == 302
    assert CampaignCanary.objects.get().passed_at is not None
