"""What is too old goes, by age and by setting; what was sent stays counted."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from campaigns import retention
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Envio, RecipientImport, Reply
from campaigns.progress import progress
from tests.factories.campaigns import CampaignFactory, EnvioFactory, campaign_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old(settings: Settings, tmp_path: Path) -> Envio:
    """A message of a campaign that ended a hundred days ago, its file and an answer; and the same of yesterday."""
    settings.MEDIA_ROOT = tmp_path
    for name in ("TEXT", "UPLOAD", "REPORT"):
        setattr(settings, f"RETENTION_{name}_DAYS", 90)
    now = timezone.now()
    found: list[Envio] = []
    for days in (100, 1):
        at = now - dt.timedelta(days=days)
        campaign = CampaignFactory.create(state=CampaignState.FINISHED, ended_at=at)
        found.append(EnvioFactory.create(campaign=campaign, state=EnvioState.SENT, text="Hola", variables={"a": "b"}))
        record = RecipientImport(campaign=campaign, file_name="x.csv", state=RecipientImport.State.DONE, started_at=at)
        record.file.save("x.csv", ContentFile(b"x"), save=False)
        record.report.save("y.csv", ContentFile(b"y"), save=False)
        record.save()
        Reply.objects.create(session=campaign.session, phone="+5493515550101", text="Sí", at=at, message_id="m")
    return found[0]


def test_a_dry_run_counts_and_touches_nothing(old: Envio) -> None:
    told = io.StringIO()

    call_command("retention", "--json", stdout=told)

    assert json.loads(told.getvalue()) == {"messages": 1, "replies": 1, "uploads": 1, "reports": 1}
    assert not Envio.objects.filter(text="").exists()


def test_what_is_too_old_goes_and_the_rest_stays(old: Envio, tmp_path: Path) -> None:
    before = progress(campaign_of(old))

    assert sum(retention.forget(timezone.now(), apply=True).values()) == 4

    old.refresh_from_db()
    assert (old.text, old.variables, old.state) == ("", {}, EnvioState.SENT)
    assert progress(campaign_of(old)) == before
    assert Envio.objects.exclude(text="").count() == Reply.objects.exclude(text="").count() == 1
    assert RecipientImport.objects.exclude(file="").exclude(report="").count() == 1
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2
    assert sum(retention.forget(timezone.now(), apply=True).values()) == 0


def test_without_a_setting_everything_is_kept(old: Envio, settings: Settings) -> None:
    settings.RETENTION_TEXT_DAYS = settings.RETENTION_UPLOAD_DAYS = settings.RETENTION_REPORT_DAYS = 0

    assert retention.forget(timezone.now(), apply=True) == {}
    assert not Envio.objects.filter(text="").exists()


def test_what_may_still_go_out_keeps_its_words(old: Envio) -> None:
    running = CampaignFactory.create(state=CampaignState.RUNNING)
    EnvioFactory.create(campaign=running, state=EnvioState.ERROR, created_at=timezone.now() - dt.timedelta(days=400))
    Envio.objects.filter(pk=old.pk).update(state=EnvioState.UNCERTAIN)

    assert retention.forget(timezone.now(), apply=True)["messages"] == 0
