"""What the cluster runs each minute, and what it says of it."""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from campaigns import tasks
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import CampaignTotals, RecipientImport
from tests.factories.campaigns import (
    CampaignFactory,
    EnvioFactory,
    RecipientImportFactory,
    SenderSwitchFactory,
    running_campaign,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_tick_says_in_one_line_what_it_did_and_why_others_wait(caplog: pytest.LogCaptureFixture) -> None:
    running_campaign(envios=1)
    SenderSwitchFactory(on=False)

    with caplog.at_level(logging.INFO, logger="campaigns.tasks"):
        tasks.tick()

    assert [record.message for record in caplog.records if record.name == "campaigns.tasks"] == [
        "tick: claimed 0; 1 waiting: interruptor",
    ]


def test_upkeep_writes_totals_gives_up_lost_imports_and_forgets_uploads() -> None:
    ended = CampaignFactory(state=CampaignState.FINISHED)
    EnvioFactory(campaign=ended, state=EnvioState.SENT)
    long_ago = timezone.now() - dt.timedelta(days=60)
    lost = RecipientImportFactory(state=RecipientImport.State.RUNNING, started_at=long_ago)
    unwanted = RecipientImportFactory(
        state=RecipientImport.State.UPLOADED, started_at=long_ago, file=ContentFile(b"x", name="x.csv")
    )

    assert tasks.upkeep() == "wrote down 1, gave up 1, forgot 1"

    assert CampaignTotals.objects.get().campaign == ended
    lost.refresh_from_db()
    assert lost.state == RecipientImport.State.INTERRUPTED
    assert not RecipientImport.objects.filter(pk=unwanted.pk).exists()
    assert tasks.upkeep() == "wrote down 0, gave up 0, forgot 0"
