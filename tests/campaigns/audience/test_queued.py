"""Files that wait, files whose import lost its process, and files that nobody wanted after all."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from campaigns.audience import AudienceError, run_import
from campaigns.audience.import_record import LOST_AFTER, close_record, interrupt_lost, keep_alive
from campaigns.audience.queued import confirm, forget_unconfirmed, resume, run_queued
from campaigns.enums import CampaignState
from campaigns.errors import NotAllowed
from campaigns.models import Campaign, RecipientImport
from tests.company import Company, build
from tests.factories.campaigns import CampaignFactory, EnvioFactory, RecipientImportFactory

pytestmark = pytest.mark.django_db(transaction=True)

State = RecipientImport.State
NOW = dt.datetime(2026, 3, 2, 15, 0, tzinfo=dt.UTC)
CSV = "Celular;Nombre\n351 274-3915;Ana\n351 274-3916;Luis\n351 274-3917;Eva\n"
COLUMNS: dict[str, int | None] = {"phone": 0, "name": 1, "header_row": 1}


@pytest.fixture
def company(transactional_db: None) -> Company:
    return build()


def uploaded(
    state: State = State.UPLOADED, *, campaign: Campaign | None = None, at: dt.datetime = NOW
) -> RecipientImport:
    record: RecipientImport = RecipientImportFactory(
        campaign=campaign or CampaignFactory(template="Hola {nombre}"),
        state=state,
        started_at=at,
        alive_at=None if state == State.UPLOADED else at,
        finished_at=None,
        mapping={} if state == State.UPLOADED else COLUMNS,
        file=ContentFile(CSV.encode(), name="lista.csv"),
    )
    return record


def again(record: RecipientImport) -> RecipientImport:
    return RecipientImport.objects.select_related("campaign__session", "by").get(pk=record.pk)


# --- Lost -------------------------------------------------------------------------------------------------------------


def test_an_import_whose_process_is_gone_says_so_and_is_gone_on_with(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, template="Hola {nombre}")
    record = uploaded(State.RUNNING, campaign=campaign)
    EnvioFactory(campaign=campaign, phone="+5493512743915")  # what it had added before it died

    assert interrupt_lost(NOW + LOST_AFTER + dt.timedelta(seconds=1)) == 1

    record = again(record)
    assert (record.state, record.finished_at) == (State.INTERRUPTED, NOW)
    assert "Se interrumpió" in record.error
    assert resume(record, by=company.owner)
    later = NOW + dt.timedelta(hours=1)
    assert run_queued(later) == 1
    record = again(record)
    assert (record.state, record.accepted, record.already_there, record.error) == (State.DONE, 2, 1, "")
    assert campaign.envios.count() == 3


def test_one_that_moves_is_left_alone_however_long_it_takes() -> None:
    record = uploaded(State.RUNNING)
    hours_later = NOW + dt.timedelta(hours=5)

    keep_alive(record, now=hours_later)

    assert interrupt_lost(hours_later + LOST_AFTER) == 0
    assert again(record).state == State.RUNNING


def test_what_waits_is_not_lost() -> None:
    for state in (State.UPLOADED, State.QUEUED, State.DONE, State.FAILED):
        uploaded(state)

    assert interrupt_lost(NOW + dt.timedelta(days=1)) == 0


def test_an_upload_that_waited_long_for_its_columns_is_not_lost_when_it_starts() -> None:
    record = uploaded()
    monday = NOW + dt.timedelta(days=3)

    assert confirm(record, mapping=COLUMNS, state=State.RUNNING, now=monday)

    assert interrupt_lost(monday) == 0


def test_a_run_that_was_given_up_and_taken_over_writes_no_more(company: Company) -> None:
    """It was stopped, not dead: it wakes up while another one has the import."""
    record = uploaded(State.RUNNING, campaign=CampaignFactory(owner=company.owner, team=company.team))
    sleeper = again(record)
    interrupt_lost(NOW + dt.timedelta(hours=1))
    with pytest.raises(AudienceError, match="Otra ejecución"):
        keep_alive(sleeper, now=NOW)
    close_record(sleeper, state=State.FAILED, now=NOW, error="no debe verse")
    assert again(record).state == State.INTERRUPTED
    resume(again(record), by=company.owner)
    run_queued(NOW + dt.timedelta(hours=2))

    close_record(sleeper, state=State.FAILED, now=NOW, error="no debe verse")

    assert (again(record).state, again(record).error) == (State.DONE, "")


def test_two_people_who_go_on_at_once_start_one(company: Company) -> None:
    record = uploaded(State.INTERRUPTED, campaign=CampaignFactory(owner=company.owner, team=company.team))
    other = again(record)

    assert resume(record, by=company.owner)
    assert not resume(other, by=company.supervisor)

    assert again(record).state == State.QUEUED


def test_only_whoever_may_import_goes_on(company: Company) -> None:
    record = uploaded(State.INTERRUPTED, campaign=CampaignFactory(owner=company.owner, team=company.team))

    for nobody in (company.colleague, company.stranger):
        with pytest.raises(NotAllowed):
            resume(record, by=nobody)

    assert again(record).state == State.INTERRUPTED


def test_a_campaign_that_is_under_way_takes_no_more(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.RUNNING)
    record = uploaded(State.INTERRUPTED, campaign=campaign)

    with pytest.raises(AudienceError, match="solo se agregan destinatarios"):
        resume(record, by=company.owner)


@pytest.mark.parametrize("state", [state for state in State if state != State.INTERRUPTED])
def test_only_what_was_interrupted_is_gone_on_with(company: Company, state: State) -> None:
    record = uploaded(state, campaign=CampaignFactory(owner=company.owner, team=company.team))

    assert not resume(record, by=company.owner)

    assert again(record).state == state


def test_a_broken_run_can_be_gone_on_with_and_a_refused_one_can_not(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, refused = uploaded(State.RUNNING), uploaded(State.RUNNING)
    Campaign.objects.filter(pk=refused.campaign_id).update(template="Hola {saldo}")

    with pytest.raises(AudienceError):
        run_import(again(refused), now=NOW)
    monkeypatch.setattr("campaigns.audience.import_loop.RowReport.line", lambda *_args, **_given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_import(again(broken), now=NOW)

    assert again(broken).state == State.INTERRUPTED
    assert again(refused).state == State.FAILED


# --- Unconfirmed ------------------------------------------------------------------------------------------------------


def test_uploads_that_nobody_confirmed_are_deleted_with_their_files(settings: Settings) -> None:
    settings.UNCONFIRMED_UPLOADS_DAYS = 7
    old = uploaded(at=NOW - dt.timedelta(days=8))
    kept = [uploaded(at=NOW - dt.timedelta(days=6)), uploaded(State.DONE, at=NOW - dt.timedelta(days=400))]
    path = Path(old.file.path)
    assert path.exists()

    assert forget_unconfirmed(NOW) == 1
    assert forget_unconfirmed(NOW) == 0

    assert not path.exists()
    assert set(RecipientImport.objects.all()) == set(kept)
    assert all(Path(record.file.path).exists() for record in kept)


def test_a_row_whose_file_is_gone_already_is_forgotten_too() -> None:
    old = uploaded(at=NOW - dt.timedelta(days=30))
    Path(old.file.path).unlink()

    assert forget_unconfirmed(NOW) == 1


def test_whoever_confirms_first_keeps_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    record = uploaded(at=NOW - dt.timedelta(days=30))
    monkeypatch.setattr(
        "campaigns.audience.queued.retrying",
        lambda act: (confirm(again(record), mapping=COLUMNS, state=State.QUEUED, now=NOW), act())[1],
    )

    assert forget_unconfirmed(NOW) == 0

    assert Path(again(record).file.path).exists()
