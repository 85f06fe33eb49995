"""Logs are read: nobody adds to them, changes or deletes them by hand, superusers included."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Model
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import AttemptOutcome
from tests.company import Company, signed_in
from tests.factories.campaigns import (
    AttemptFactory,
    EnvioFactory,
    JournalReportFactory,
    SenderSwitchFactory,
    TickFactory,
    running_campaign,
)
from tests.factories.ops import AlertFactory, HeartbeatFactory

LOGS = [AttemptFactory, TickFactory, SenderSwitchFactory, JournalReportFactory, AlertFactory, HeartbeatFactory]
everywhere = pytest.mark.parametrize("factory", LOGS, ids=lambda factory: factory._meta.model.__name__)


def address(row: Model, page: str) -> str:
    args = [] if page in {"add", "changelist"} else [row.pk]
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=args)


@everywhere
@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_even_a_superuser_only_reads(company: Company, factory: Any, page: str) -> None:
    row = factory()
    company.administrator.is_superuser = True
    company.administrator.save()
    before = type(row).objects.values().get(pk=row.pk)

    response = signed_in(company.administrator).post(address(row, page), {"post": "yes", "name": "otro"})

    assert response.status_code == 403
    assert list(type(row).objects.values()) == [before]


@everywhere
def test_supervisors_read_them(company: Company, factory: Any) -> None:
    row = factory() if factory is not AttemptFactory else factory(envio__campaign__team=company.team)
    client = signed_in(company.supervisor)

    assert client.get(address(row, "changelist")).status_code == 200
    assert client.get(address(row, "change")).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_tries_cost_the_same_for_one_and_for_three(
    company: Company, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team)
    for envio in EnvioFactory.create_batch(rows, campaign=campaign):
        AttemptFactory(envio=envio, outcome=AttemptOutcome.SENT, duration_ms=24_300)
    client = signed_in(company.supervisor)

    with django_assert_num_queries(14):
        response = client.get("/admin/campaigns/attempt/")

    assert response.content.decode().count("24,3 s") == rows


def test_tries_of_another_team_are_not_shown(company: Company) -> None:
    attempt = AttemptFactory(envio__campaign__team=company.team, envio__name="Ana Sosa")
    client = signed_in(company.stranger)

    assert "Ana Sosa" not in client.get(address(attempt, "changelist")).content.decode()
    assert client.get(address(attempt, "change")).status_code == 404
