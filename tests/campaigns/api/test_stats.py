"""Statistics over the API: what is told, to whom, as JSON and CSV, and what is refused by name."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from rest_framework.test import APIClient

from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign
from tests import company as companies
from tests.company import Company
from tests.factories.calendars import OperatingCalendarFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/stats/"
DAYS = "since=2026-02-06&until=2026-02-08"


@pytest.fixture
def company() -> Company:
    return companies.build()


@pytest.fixture
def ours(company: Company) -> Campaign:
    campaign: Campaign = CampaignFactory(owner=company.owner, team=company.team, name="=CMD()")
    at = dt.datetime(2026, 2, 7, 15, tzinfo=dt.UTC)
    for ack in (Ack.NONE, Ack.READ):
        EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=at, ack=ack)
    EnvioFactory(campaign=campaign, state=EnvioState.ERROR, ended_at=at)
    return campaign


def ask(user: Any, query: str = DAYS, *, url: str = URL) -> Any:
    client = APIClient()
    client.force_authenticate(user)
    return client.get(f"{url}?{query}")


def test_the_days_of_a_period_each_with_its_figures(company: Company, ours: Campaign) -> None:
    answer = ask(company.owner).json()

    figures = {
        "sent": 2, "server": 1, "delivered": 1, "read": 1, "errors": 1, "by_hand": 0, "historical": 0,
        "error_rate": pytest.approx(1 / 3),
    }  # fmt: skip
    assert (answer["since"], answer["until"]) == ("2026-02-06", "2026-02-08")
    assert answer["total"] == figures
    assert [row["name"] for row in answer["rows"]] == ["2026-02-06", "2026-02-07", "2026-02-08"]
    assert answer["rows"][1] == {"id": None, "name": "2026-02-07", "figures": figures}


def test_by_whatever_it_is_told_the_sum_is_the_same(company: Company, ours: Campaign) -> None:
    expected = {"session": ours.session_id, "owner": ours.owner_id, "campaign": ours.pk}
    for by, pk in expected.items():
        [row] = ask(company.supervisor, f"{DAYS}&by={by}").json()["rows"]
        assert (row["id"], row["figures"]["sent"]) == (pk, 2)


@pytest.mark.usefixtures("ours")
def test_others_count_nothing_of_it(company: Company) -> None:
    assert ask(company.colleague).json()["total"]["sent"] == 0
    assert ask(company.stranger).json()["total"]["sent"] == 0
    assert ask(company.administrator).json()["total"]["sent"] == 2


@pytest.mark.parametrize(
    ("query", "field", "told"),
    [
        ("sesion=3", "sesion", "No hay un dato con este nombre"),
        ("since=ayer", "since", ""),
        ("since=2026-02-07T08:00", "since", ""),
        ("since=2026-02-08&until=2026-02-07", "until", "termina antes de empezar"),
        ("since=2025-01-01&until=2026-01-01", "until", "hasta 92 días"),
        ("since=0001-01-01&until=0001-01-02", "until", "entre 2000 y 2100"),
        ("by=planeta", "by", ""),
        ("campaign=4711", "campaign", "No existe, o no está entre lo que puedes ver."),
        ("campaign=x", "campaign", ""),
        ("owner=-1", "owner", ""),
        ("team=99999999999999999999", "team", ""),
    ],
)
def test_what_is_not_understood_is_refused_by_name(company: Company, query: str, field: str, told: str) -> None:
    for url in (URL, f"{URL}csv/"):
        refused = ask(company.supervisor, query, url=url)
        assert refused.status_code == 400
        fields = refused.json()["error"]["fields"]
        assert list(fields) == [field]
        assert told in fields[field][0]


def test_another_teams_rows_read_as_such_that_do_not_exist(company: Company, ours: Campaign) -> None:
    for query in (
        f"campaign={ours.pk}",
        f"session={ours.session_id}",
        f"owner={ours.owner_id}",
        f"team={ours.team_id}",
    ):
        assert ask(company.supervisor, query).status_code == 200
        assert ask(company.stranger, query).status_code == 400


def test_a_file_for_a_spreadsheet_with_no_formula_in_it(company: Company, ours: Campaign) -> None:
    answer = ask(company.supervisor, f"{DAYS}&by=campaign", url=f"{URL}csv/")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="envios-campaign-20260206-20260208.csv"' in answer["Content-Disposition"]
    text = answer.content.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert lines[0][:3] == ["Campaña", "Número", "Enviados"]
    assert lines[1] == ["'=CMD()", str(ours.pk), "2", "1", "1", "1", "1", "0", "0", "33,33"]
    assert lines[2][0] == "Total"


def test_the_days_are_those_of_the_teams_clock(company: Company) -> None:
    OperatingCalendarFactory(team=company.team, time_zone="America/Mexico_City")
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    # 05:30 of the eighth in UTC, 02:30 in Argentina, and the seventh, 23:30, in Mexico.
    EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=dt.datetime(2026, 2, 8, 5, 30, tzinfo=dt.UTC))

    for user, query in (
        (company.supervisor, DAYS),
        (company.owner, DAYS),
        (company.administrator, f"{DAYS}&team={company.team.pk}"),
        (company.administrator, f"{DAYS}&campaign={campaign.pk}"),
    ):
        answer = ask(user, query).json()
        assert answer["time_zone"] == "America/Mexico_City"
        assert [row["figures"]["sent"] for row in answer["rows"]] == [0, 1, 0]
    answer = ask(company.administrator).json()
    assert answer["time_zone"] == "America/Argentina/Cordoba"
    assert [row["figures"]["sent"] for row in answer["rows"]] == [0, 0, 1]
