"""A line that takes callbacks, and a message that it sent."""

from __future__ import annotations

import pytest

from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Envio
from tests.campaigns.webhooks.events import SECRET
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession


@pytest.fixture
def session(db: None) -> WhatsAppSession:
    made: WhatsAppSession = WhatsAppSessionFactory.create(tenant_id="51", webhook_secret=SECRET)
    return made


@pytest.fixture
def envio(session: WhatsAppSession) -> Envio:
    made: Envio = EnvioFactory.create(
        campaign=CampaignFactory.create(session=session, state=CampaignState.RUNNING),
        state=EnvioState.SENT,
        message_id="m1",
    )
    return made
