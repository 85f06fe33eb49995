"""The page of findings: administrators see them and repair them behind a question; nobody else knows of it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.enums import EnvioState
from campaigns.models import Envio
from leadmaster.accounts.roles import Role
from leadmaster.ops.models import ReconciliationFinding, Repair
from leadmaster.ops.reconciliation.nightly import run_slice
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import EnvioFactory

pytestmark = pytest.mark.django_db

LIST = "admin:ops_reconciliationfinding_changelist"
REPAIR = "admin:ops_reconciliationfinding_repair"


@pytest.fixture
def finding() -> ReconciliationFinding:
    EnvioFactory(state=EnvioState.SENT)
    assert run_slice(timezone.now().replace(hour=12) + dt.timedelta(days=1)) is not None
    return ReconciliationFinding.objects.get()


def test_the_list_says_what_is_wrong_and_what_can_be_done(finding: ReconciliationFinding, client: Client) -> None:
    client.force_login(UserFactory(role=Role.ADMINISTRATOR))

    page = client.get(reverse(LIST)).content.decode()

    assert finding.what in page
    assert finding.repair in page
    assert "encontró 1 dato que no es verdad" in page


def test_looking_at_the_question_changes_nothing_and_the_answer_repairs(
    finding: ReconciliationFinding, client: Client
) -> None:
    administrator = UserFactory(role=Role.ADMINISTRATOR)
    client.force_login(administrator)

    asked = client.get(reverse(REPAIR), {"ids": finding.pk})
    assert "Reparar 1 fila" in asked.content.decode()
    assert Envio.objects.get().state == EnvioState.SENT

    client.post(reverse(REPAIR), {"ids": finding.pk})

    finding.refresh_from_db()
    assert finding.repaired_at is not None
    assert Envio.objects.get().state == EnvioState.UNCERTAIN
    assert Repair.objects.get().by == administrator


def test_what_is_well_by_now_is_left_alone(finding: ReconciliationFinding, client: Client) -> None:
    client.force_login(UserFactory(role=Role.ADMINISTRATOR))
    Envio.objects.all().delete()

    answer = client.post(reverse(REPAIR), {"ids": finding.pk}, follow=True)

    assert "0 filas reparadas. Las demás ya estaban bien." in answer.content.decode()
    assert not Repair.objects.exists()


@pytest.mark.parametrize("role", [Role.PROMOTER, Role.SUPERVISOR])
def test_nobody_but_an_administrator_sees_or_repairs(
    finding: ReconciliationFinding, client: Client, role: Role
) -> None:
    client.force_login(UserFactory(role=role))

    for answer in (client.get(reverse(LIST)), client.post(reverse(REPAIR), {"ids": finding.pk})):
        assert answer.status_code in {302, 403, 404}
    assert Envio.objects.get().state == EnvioState.SENT
