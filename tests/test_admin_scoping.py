"""Every list of the admin by its rows: another team's supervisor sees none that the team's own one sees.

The registry itself says which lists there are, so a new one is either scoped or named here as everybody's. Single pages
are `test_permission_matrix`'s.
"""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from campaigns.enums import EnvioState
from campaigns.models import Campaign
from tests.factories.campaigns import AttemptFactory, EnvioFactory
from tests.test_permission_matrix import build

pytestmark = pytest.mark.django_db

# What belongs to no team: the directory, the funnel, and logs and switches of the machine.
EVERYBODYS = {
    "campaigns.JournalReport",
    "campaigns.RefusedEvent",
    "campaigns.SenderSwitch",
    "campaigns.Tick",
    "directory.Client",
    "directory.Suppression",
    "directory.SuppressionLift",
    "directory.SyncState",
    "ops.Alert",
    "ops.Heartbeat",
    "ops.ReconciliationFinding",
    "ops.PersonalDataRequest",
    "ops.Repair",
    "opportunities.Stage",
}


def _listed(client: Client, app: str, model: str) -> set[object]:
    """The rows of one list as this person gets it; none where they don't come in."""
    answer = client.get(reverse(f"admin:{app}_{model}_changelist"))
    if answer.status_code != 200:
        return set()
    return {row.pk for row in answer.context["cl"].result_list}


def test_no_list_shows_a_row_of_another_team() -> None:
    clients = build()
    doubtful = EnvioFactory.create(campaign=Campaign.objects.get(), state=EnvioState.UNCERTAIN)
    AttemptFactory.create(envio=doubtful)
    shown, empty = {}, set()
    for model in admin.site._registry:
        label, where = model._meta.label, (model._meta.app_label, str(model._meta.model_name))
        if label in EVERYBODYS:
            continue
        own = _listed(clients["b"], *where)
        if not own and not _listed(clients["a"], *where):
            empty.add(label)
        if both := own & _listed(clients["y"], *where):
            shown[label] = both
    assert shown == {}
    assert empty == set(), "make a row of each in the matrix's world, or this says nothing about them"


def test_what_is_everybodys_is_a_list_of_ours() -> None:
    assert {model._meta.label for model in admin.site._registry} > EVERYBODYS
