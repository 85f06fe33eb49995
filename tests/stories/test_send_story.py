"""The whole way of a real file: as people export it, through approval and the engine, to who read the message."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from campaigns import lifecycle
from campaigns.audience.importing import import_file
from campaigns.engine.tick import run_tick
from campaigns.enums import Ack, CampaignState, ScheduleState
from campaigns.models import Attempt, Campaign, Envio, ScheduleWindow, SessionDay
from campaigns.progress import progress
from leadmaster.accounts.roles import Role
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.campaigns import ScheduleFactory
from tests.simulator import Simulator, simulator_thread
from whatsapp import sessions
from whatsapp.models import Region, WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)

FILES = Path(__file__).resolve().parent.parent / "data"
SECRET = "the-secret-of-the-callbacks"


def test_a_real_file_from_the_spreadsheet_to_who_read_it(live_server: LiveServer) -> None:
    promoter, supervisor = UserFactory(), UserFactory(role=Role.SUPERVISOR)
    team = TeamFactory(members=[promoter], supervisors=[supervisor])
    callbacks = f"{live_server.url}/webhooks/session_manager/{{cliente_id}}/"
    with simulator_thread(tenants=("51",), callback_url=callbacks, callback_secret=SECRET, speed=50) as simulator:
        session = WhatsAppSession.objects.create(
            name="Córdoba",
            tenant_id="51",
            team=team,
            owner=promoter,
            base_url=simulator.base_url,
            region=Region.AR,
            daily_limit=600,
            lane_count=10,
            webhook_secret=SECRET,
        )
        now = timezone.now()
        sessions.refresh(session, now)
        campaign = Campaign.objects.create(
            name="Saldos",
            owner=promoter,
            team=team,
            session=session,
            template="Hola {nombre|vecino}, tu saldo es {saldo}.",
            delay_min=0,
            delay_max=0,
            typing=False,
        )
        schedule = ScheduleFactory(campaign=campaign, daily_cap=600, starts_on=now.date() - dt.timedelta(days=1))

        report = import_file(campaign, FILES / "destinatarios_ar.csv", by=promoter, now=now)
        assert (report.accepted, report.duplicates, report.invalid) == (501, 51, 48)

        lifecycle.submit(campaign, by=promoter, now=now)
        lifecycle.approve(campaign, by=supervisor, now=now)
        lifecycle.launch(campaign, by=promoter, now=now)
        _send_everything(campaign, simulator)
        simulator.wait_until_quiet()

        delivered = simulator.delivered()
        assert len(delivered) == 501
        ours = Envio.objects.filter(campaign=campaign).values_list("client_message_id", "message_id")
        assert {(line["client_message_id"], line["message_id"]) for line in delivered} == {
            (str(client_message_id), message_id) for client_message_id, message_id in ours
        }

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED
    seen = progress(campaign)
    assert seen.total == seen.sent == 501
    assert seen.read == 501
    for envio in Envio.objects.filter(campaign=campaign):
        assert envio.ack == Ack.READ
        assert envio.message_id
        assert envio.text.startswith("Hola ")
        assert "{" not in envio.text
        assert None not in (envio.sent_at, envio.server_at, envio.delivered_at, envio.read_at)
    assert Attempt.objects.filter(envio__campaign=campaign).count() == 501
    assert SessionDay.objects.get(session=session).used == 501
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.APPROVED
    assert ScheduleWindow.objects.filter(schedule=schedule).exists()


def _send_everything(campaign: Campaign, simulator: Simulator) -> None:
    """Ticks of one minute after the other until nothing is left; a lane sends fifty in each."""
    minute = timezone.now()
    for _tick in range(5):
        run_tick(minute)
        # The first messages go ahead alone: the rest goes when their acknowledgements are here.
        simulator.wait_until_quiet()
        minute += dt.timedelta(minutes=1)
        if not Envio.objects.filter(campaign=campaign).pending().exists():
            return
