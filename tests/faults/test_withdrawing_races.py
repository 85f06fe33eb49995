"""Fault 27 at the desk: clients change hands while the former owner's campaign is sending to them."""

from __future__ import annotations

import datetime as dt
import random
import time

import pytest
from django.utils import timezone

from campaigns.enums import EnvioState
from campaigns.models import Attempt, Campaign
from leadmaster.accounts.roles import Role
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.models import Opportunity
from opportunities.own_campaigns import Choice, NewCampaign, draft_campaign
from opportunities.supervision import bulk
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults import checker
from tests.faults.crowd import Crowd, at_once
from tests.faults.desk_checker import findings as desk_findings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

CLIENTS = 40


@pytest.mark.parametrize("seed", range(4))
def test_fault_27_clients_change_hands_while_they_are_written_to(seed: int) -> None:
    crowd = Crowd(seconds=0.03)
    Funnel()
    former = PromoterFactory.create(daily_quota=CLIENTS)
    heir = PromoterFactory.create(desk=former.desk, daily_quota=CLIENTS)
    boss = UserFactory.create(role=Role.SUPERVISOR)
    former.desk.team.supervisors.add(boss)
    campaign = crowd.campaign(delay=0, owner=former.user, team=former.desk.team, session__team=former.desk.team)
    ClientFactory.create_batch(CLIENTS)
    request_lot(former, Filters(), CLIENTS, key="k", now=timezone.now())
    rows = list(Opportunity.objects.order_by("id"))
    phones = {row.pk: row.client.contacts.get().normalised for row in rows}
    crowd.fill(campaign, 0)
    for phone in phones.values():
        crowd.fill(campaign, 1, phone=phone)
    chosen = random.Random(seed)
    wait = chosen.uniform(0.0, 0.4)
    moving = chosen.sample([row.pk for row in rows], CLIENTS // 2)

    def hand_over() -> dt.datetime:
        time.sleep(wait)
        report = bulk.reassign(moving, heir, by=boss, now=crowd.now)
        assert set(report.done) == set(moving)
        return crowd.real.now()

    def tick() -> dt.datetime:
        crowd.run_tick(crowd.now)
        return crowd.real.now()

    handed_at, _ended = at_once([hand_over, tick])

    moved_phones = {phones[pk] for pk in moving}
    states = dict(campaign.envios.values_list("phone", "state"))
    delivered = {line.phone for line in crowd.provider.ledger}
    # Each is in the ledger and `enviado`, or cancelled and not there; nobody else's was touched.
    assert {phone for phone, state in states.items() if state == EnvioState.SENT} == delivered
    assert {states[phone] for phone in moved_phones} <= {EnvioState.SENT, EnvioState.CANCELLED}
    assert EnvioState.CANCELLED not in {states[phone] for phone in phones.values() if phone not in moved_phones}
    # Nothing was begun for them once they were in other hands.
    late = Attempt.objects.filter(envio__phone__in=moved_phones, dispatched_at__gt=handed_at)
    assert not late.exists()
    assert checker.findings(crowd.provider.lines(), now=timezone.now()) == []
    assert desk_findings() == []


@pytest.mark.parametrize("seed", range(4))
def test_clients_change_hands_while_a_draft_to_them_is_written(seed: int) -> None:
    Funnel()
    former = PromoterFactory.create(daily_quota=CLIENTS)
    heir = PromoterFactory.create(desk=former.desk, daily_quota=CLIENTS)
    boss = UserFactory.create(role=Role.SUPERVISOR)
    former.desk.team.supervisors.add(boss)
    line = WhatsAppSessionFactory.create(owner=former.user, team=former.desk.team, region="MX")
    ClientFactory.create_batch(CLIENTS)
    now = timezone.now()
    request_lot(former, Filters(), CLIENTS, key="k", now=now)
    ids = list(Opportunity.objects.order_by("id").values_list("id", flat=True))
    wait = random.Random(seed).uniform(0.0, 0.05)

    def hand_over() -> None:
        time.sleep(wait)
        bulk.reassign(ids[::2], heir, by=boss, now=now)

    def draft() -> None:
        asked = NewCampaign(name="Seguimiento", template="Hola {nombre}", session=line, choice=Choice())
        draft_campaign(former, asked, key="k", now=now)

    at_once([hand_over, draft])

    theirs = Opportunity.objects.filter(owner=former).values_list("client__contacts__normalised", flat=True)
    waiting = Campaign.objects.get().envios.pending().values_list("phone", flat=True)
    assert set(waiting) == set(theirs)
    assert len(set(theirs)) == CLIENTS // 2
    assert desk_findings() == []
