"""What is open for a person who should get nothing more from somebody: wherever it is, it does not go out later."""

from __future__ import annotations

import pytest
from django.db import transaction

from campaigns import decisions
from campaigns.decisions import Decision
from campaigns.enums import AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Campaign, Envio, EnvioEvent, Lane
from campaigns.withdrawals import withdraw_pending
from leadmaster.accounts.roles import Role
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.faults.harness import World
from tests.faults.world import Behaviour, Delivery
from whatsapp.gateways import answers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def withdraw(world: World, campaign: Campaign) -> int:
    phones = set(campaign.envios.values_list("phone", flat=True))
    with transaction.atomic():
        return withdraw_pending(phones, owner=campaign.owner, by=None, now=world.now, reason="Pasó a otra persona.")


def history(envio: Envio) -> list[tuple[str, str, str]]:
    return list(EnvioEvent.objects.filter(envio=envio).order_by("id").values_list("from_state", "to_state", "evidence"))


def test_what_is_pending_is_cancelled_in_all_campaigns_of_that_owner_and_of_nobody_else(world: World) -> None:
    mine = world.campaign(envios=1)
    phone = mine.envios.get().phone
    EnvioFactory.create(campaign=CampaignFactory.create(owner=mine.owner), phone=phone)
    others = EnvioFactory.create(phone=phone)
    stays = EnvioFactory.create(campaign=mine, phone="+5493511111111")

    with transaction.atomic():
        count = withdraw_pending([phone], owner=mine.owner, by=None, now=world.now, reason="Ya no")

    assert count == 2
    assert set(Envio.objects.pending().values_list("pk", flat=True)) == {others.pk, stays.pk}
    assert history(mine.envios.get(phone=phone)) == [("pendiente", "cancelado", Evidence.CAMPAIGN)]


def test_what_a_worker_holds_and_has_not_handed_over_does_not_go_out(world: World) -> None:
    campaign = world.campaign(envios=1)
    world.provider.asked = lambda: _ignore(withdraw(world, campaign))

    world.tick()

    envio = campaign.envios.get()
    assert envio.state == EnvioState.CANCELLED
    assert world.provider.ledger == []
    assert Attempt.objects.get().outcome == AttemptOutcome.WITHDRAWN
    assert not Lane.objects.get().busy
    assert history(envio) == [("enviando", "cancelado", Evidence.CAMPAIGN)]
    assert world.findings() == []


def test_what_is_on_its_way_is_told_truthfully(world: World) -> None:
    campaign = world.campaign(envios=1)
    world.provider.behave = lambda _message: Behaviour(then=lambda _delivery: _ignore(withdraw(world, campaign)))

    world.tick()

    envio = campaign.envios.get()
    assert envio.state == EnvioState.SENT
    assert len(world.provider.ledger) == 1
    assert history(envio) == [("enviando", "enviando", Evidence.WITHDRAWN)]
    assert world.findings() == []


def test_what_was_on_its_way_and_comes_back_unsent_is_not_sent_again(world: World) -> None:
    campaign = world.campaign(envios=1)
    error = answers.WHATSAPP_ERROR.error()

    def refuse(_delivery: Delivery) -> None:
        withdraw(world, campaign)

    world.provider.behave = lambda _message: Behaviour(delivers=False, error=error, then=refuse)
    world.tick()

    envio = campaign.envios.get()
    assert envio.state == EnvioState.CANCELLED
    assert envio.ended_at is not None
    assert history(envio)[-1] == ("pendiente", "cancelado", Evidence.WITHDRAWN)
    world.provider.behave = lambda _message: Behaviour()
    world.run_minutes(70)
    assert world.provider.ledger == []
    assert world.findings() == []


def test_what_is_in_doubt_is_not_sent_again_by_anybody(world: World) -> None:
    campaign = world.campaign(envios=1)
    boss = UserFactory.create(role=Role.SUPERVISOR)
    campaign.team.supervisors.add(boss)
    world.provider.behave = lambda _message: Behaviour(delivers=False, error=answers.CONNECTION_LOST.error())
    world.tick()
    envio = campaign.envios.get()
    assert envio.state == EnvioState.UNCERTAIN

    assert withdraw(world, campaign) == 0
    decisions.decide(envio, Decision.RESEND, by=boss, reason="No le llegó", now=world.now)

    envio.refresh_from_db()
    assert envio.state == EnvioState.CANCELLED


def test_a_worker_that_died_with_it_in_its_hands_gives_back_nothing(world: World) -> None:
    campaign = world.campaign(envios=1)
    envio = campaign.envios.get()
    held = EnvioFactory.create(campaign=campaign, phone="+5493511111111", state=EnvioState.SENDING)

    withdraw(world, campaign)

    assert set(Envio.objects.values_list("state", flat=True)) == {EnvioState.CANCELLED}
    assert history(held) == [("enviando", "cancelado", Evidence.CAMPAIGN)]
    assert history(envio) == [("pendiente", "cancelado", Evidence.CAMPAIGN)]


def _ignore(_count: int) -> None:
    """Behaviours answer nothing."""
