"""Tries that end while their campaign is being cancelled."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns import lifecycle
from campaigns.engine.sweep_cancelled import sweep_stragglers
from campaigns.enums import CampaignState, EnvioState, Evidence
from campaigns.models import Campaign, Envio, EnvioEvent
from tests.faults.behaviours import BY_NAME
from tests.faults.harness import World
from tests.faults.world import Behaviour
from whatsapp.gateways.base import OutboundMessage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_try_that_fails_after_the_cancellation_does_not_stay_pending() -> None:
    world = World()
    campaign = world.campaign(envios=2)

    def cancelled_meanwhile(message: OutboundMessage) -> Behaviour:
        lifecycle.cancel(campaign, by=None, now=world.now, reason="Ya no")
        return BY_NAME["refused by WhatsApp, may be tried again"](message)

    world.provider.behave = cancelled_meanwhile
    world.tick()
    assert world.states() == {EnvioState.PENDING: 1, EnvioState.CANCELLED: 1}

    assert sweep_stragglers(world.now) == 1

    assert world.states() == {EnvioState.CANCELLED: 2}
    assert set(EnvioEvent.objects.values_list("evidence", flat=True)) == {Evidence.CAMPAIGN}
    assert world.findings() == []


def test_a_sweep_that_died_half_way_is_finished() -> None:
    world = World()
    Campaign.objects.filter(pk=world.campaign(envios=3).pk).update(state=CampaignState.CANCELLED)
    paused = world.campaign(envios=1)
    Campaign.objects.filter(pk=paused.pk).update(state=CampaignState.PAUSED)

    assert sweep_stragglers(world.now + dt.timedelta(minutes=1)) == 3

    assert paused.envios.get().state == EnvioState.PENDING
    assert Envio.objects.filter(state=EnvioState.CANCELLED).count() == 3
