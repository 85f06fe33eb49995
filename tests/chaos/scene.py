"""What every chaos test plays on: a campaign whose line is the simulator, and the simulator's ledger."""

from __future__ import annotations

import datetime as dt
import os
import socket
import time
import uuid
from collections.abc import Callable

from django.db import connection
from django.utils import timezone

from campaigns.enums import CampaignState, ScheduleState
from campaigns.models import Campaign, Envio
from leadmaster.lib.clock import DatabaseClock
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults.checker import Delivered
from tests.simulator import Simulator

SECRET = "the-secret-of-the-callbacks"
PACE = 1  # seconds between two messages of a line
SEND_TIMEOUT = 5  # seconds; the leases that follow from it are short as well


class Later(DatabaseClock):
    """The database's clock when every lease has run out: what is at rest need not be waited for."""

    later = dt.timedelta(minutes=10)

    def now(self) -> dt.datetime:
        return super().now() + self.later


def environment(database_url: str, **changes: str) -> dict[str, str]:
    """Of a process that plays along: the product's own settings with short times."""
    short = {"SESSION_MANAGER_SEND_TIMEOUT": str(SEND_TIMEOUT), "SENDER_SLOTS": "10", "Q_WORKERS": "3"}
    return {**os.environ, "DATABASE_URL": database_url, **short, **changes}


def running_campaign(tenant: str, base_url: str, *, envios: int) -> Campaign:
    session = WhatsAppSessionFactory(tenant_id=tenant, base_url=base_url, webhook_secret=SECRET, daily_limit=10_000)
    campaign: Campaign = CampaignFactory(
        session=session,
        team=session.team,
        state=CampaignState.RUNNING,
        delay_min=PACE,
        delay_max=PACE,
        typing=False,
        # The faults are made on purpose: no brake stops at them.
        error_alert=0,
        error_pause=0,
        opt_out_pause=0,
    )
    ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED, daily_cap=10_000)
    add_envios(campaign, envios)
    return campaign


def add_envios(campaign: Campaign, count: int, *, later: dt.timedelta = dt.timedelta(0)) -> None:
    """So many more that are due now, or so much later: a campaign with one of those does not end meanwhile."""
    due = timezone.now() + later
    rows = EnvioFactory.build_batch(count, campaign=campaign, session=campaign.session, next_due=due)
    Envio.objects.bulk_create(rows)


def ledger_of(simulator: Simulator) -> list[Delivered]:
    return [
        Delivered(
            tenant=line["tenant"],
            client_message_id=uuid.UUID(line["client_message_id"]),
            message_id=line["message_id"],
            at=line["delivered"],
        )
        for line in simulator.delivered()
    ]


def comes_true(question: Callable[[], object], *, within: float) -> bool:
    """Whether it does, asked anew on a fresh connection every so often."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if question():
            return True
        connection.close()
        time.sleep(0.2)
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
