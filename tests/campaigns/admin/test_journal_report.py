"""Journals after a restore, on the desk and at the command line."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from campaigns import switch
from campaigns.models import JournalReport, SenderSwitch
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.campaigns import JournalReportFactory, SenderFactory, SenderSwitchFactory

PAGE = "/admin/campaigns/journalreport/"


def lost(report: JournalReport) -> str:
    return reverse("admin:campaigns_journalreport_lost", args=[report.pk])


@pytest.fixture
def report() -> JournalReport:
    SenderSwitchFactory(on=False)
    found: JournalReport = JournalReportFactory(sender__name="servidor-2")
    return found


def test_the_switch_says_whose_journal_is_missing_and_stays_off(company: Company, report: JournalReport) -> None:
    client = signed_in(company.supervisor)

    page = client.get("/admin/campaigns/senderswitch/").content.decode()
    answer = client.post(reverse("admin:campaigns_senderswitch_turn", args=["on"]), {"reason": "Ya está"})

    assert "servidor-2" in page
    assert PAGE in page
    assert "servidor-2" in told(answer)[0]
    assert not switch.is_on()


def test_get_says_what_it_means_and_changes_nothing(company: Company, report: JournalReport) -> None:
    client = signed_in(company.supervisor)

    assert "Falta" in client.get(PAGE).content.decode()
    page = client.get(lost(report)).content.decode()

    assert "puede volver a salir" in page
    report.refresh_from_db()
    assert report.lost_at is None


def test_post_gives_it_up_with_author_and_reason(company: Company, report: JournalReport) -> None:
    response = signed_in(company.supervisor).post(lost(report), {"reason": "Disco roto"})

    assert "servidor-2" in told(response)[0]
    report.refresh_from_db()
    assert (report.lost_by, report.lost_reason) == (company.supervisor, "Disco roto")
    assert JournalReport.objects.awaited().count() == 0


def test_it_is_not_given_up_without_a_reason_nor_twice(company: Company, report: JournalReport) -> None:
    client = signed_in(company.supervisor)

    assert "Escribe el motivo" in client.post(lost(report), {"reason": ""}).content.decode()
    report.refresh_from_db()
    assert report.lost_at is None
    client.post(lost(report), {"reason": "Disco roto"})
    answer = client.post(lost(report), {"reason": "Otra vez"})

    assert "ya se leyó" in told(answer)[-1]
    report.refresh_from_db()
    assert report.lost_reason == "Disco roto"


def test_promoters_neither_see_nor_give_up(company: Company, report: JournalReport) -> None:
    let_into_the_admin(company.owner)
    client = signed_in(company.owner)

    assert client.get(PAGE).status_code == 403
    assert client.post(lost(report), {"reason": "x"}).status_code == 403
    report.refresh_from_db()
    assert report.lost_at is None


# --- The command -----------------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("sender_journals", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_shows_who_is_missing_and_gives_up(company: Company, report: JournalReport) -> None:
    assert "servidor-2: visto" in run()
    assert "falta su diario" in run()

    shown = run("--lost", "servidor-2", "--by", company.supervisor.get_username(), "--reason", "Disco roto")

    assert "falta su diario" not in shown
    report.refresh_from_db()
    assert report.lost_by == company.supervisor


@pytest.mark.parametrize("by", [[], ["--by", "nadie"]])
def test_the_command_wants_a_person_and_a_reason(company: Company, report: JournalReport, by: list[str]) -> None:
    with pytest.raises(CommandError, match="--by"):
        run("--lost", "servidor-2", "--reason", "x", *by)
    with pytest.raises(CommandError, match="motivo"):
        run("--lost", "servidor-2", "--by", company.supervisor.get_username())
    with pytest.raises(CommandError, match="permiso"):
        run("--lost", "servidor-2", "--reason", "x", "--by", company.owner.get_username())
    with pytest.raises(CommandError, match="otro"):
        run("--lost", "otro", "--reason", "x", "--by", company.supervisor.get_username())
    report.refresh_from_db()
    assert report.lost_at is None


def test_the_command_tells_of_a_restore_and_stops_sending(company: Company) -> None:
    SenderFactory(name="servidor-1")

    shown = run("--restored", "--by", company.supervisor.get_username(), "--reason", "Respaldo de anoche")

    assert "servidor-1" in shown
    assert "falta su diario" in shown
    assert not switch.is_on()
    assert SenderSwitch.objects.latest("id").by is None
