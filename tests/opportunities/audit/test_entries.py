"""What did X do, and who changed this from what to what: from the ledgers, within what the reader supervises."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from leadmaster.lib import changes
from leadmaster.lib.periods import last_days
from opportunities.audit.entries import Entry, Wanted, entries
from opportunities.enums import EventKind
from opportunities.models import Opportunity, Promoter
from opportunities.state import machine
from opportunities.supervision import decisions
from tests.company import signed_in
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import PromoterFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.results.world import World, build, draw

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "admin:opportunities_promoter_audit"


@pytest.fixture
def world() -> World:
    return build()


def today(user: Any, **wanted: Any) -> list[Entry]:
    period = last_days(1, zone=timezone.get_current_timezone(), now=timezone.now())
    return list(entries(user, Wanted(period=period, **wanted)).entries)


def reassigned(world: World) -> tuple[Opportunity, Promoter]:
    [row] = draw(world.ana, 1, at=timezone.now())
    other = PromoterFactory.create(desk=world.ana.desk)
    decisions.reassign(
        row.pk, other, by=world.supervisor, version=row.version, reason="Habla portugués", now=timezone.now()
    )
    return row, other


def test_a_reassignment_says_from_whom_to_whom_and_why(world: World) -> None:
    row, other = reassigned(world)
    mine = [one for one in today(world.supervisor, person=world.supervisor.pk) if one.pk == str(row.pk)]
    assert [(one.what, one.before, one.after, one.reason) for one in mine] == [
        (str(EventKind.REASSIGNED.label), str(world.ana), str(other), "Habla portugués")
    ]
    of_the_row = entries(
        world.supervisor, Wanted(period=None, kind="opportunities.opportunity", pk=str(row.pk))
    ).entries
    assert [one.what for one in of_the_row] == [str(kind.label) for kind in (EventKind.REASSIGNED, EventKind.ASSIGNED)]


def test_what_was_noted_about_a_client_is_not_in_it(world: World) -> None:
    [row] = draw(world.ana, 1, at=timezone.now())
    machine.remark(row, by=world.ana.user, text="+5493511234567: vive sola", now=timezone.now())
    told = [one for one in today(world.administrator) if one.what == str(EventKind.NOTE.label)]
    assert [(one.pk, one.reason) for one in told] == [(str(row.pk), "")]


def test_each_reads_their_teams_lines_alone(world: World) -> None:
    reassigned(world)
    draw(world.beto, 1, at=timezone.now())
    seen = {one.who_id for one in today(world.supervisor)}
    assert world.beto.user_id not in seen
    assert {world.ana.user_id, world.supervisor.pk} <= seen
    assert world.beto.user_id in {one.who_id for one in today(world.administrator)}
    browser = signed_in(world.supervisor)
    page = browser.get(reverse(PAGE), {"person": world.beto.user_id})
    assert page.context["found"].entries == []


def test_a_field_that_a_page_changed_is_told_from_what_to_what(world: World) -> None:
    browser = signed_in(world.supervisor)
    url = reverse("admin:opportunities_promoter_change", args=[world.ana.pk])
    form = browser.get(url).context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields}
    answer = browser.post(url, {**data, "capacity": 77})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    [line] = [one for one in today(world.supervisor) if one.kind == "opportunities.promoter"]
    assert ("capacity: —" in line.before, "capacity: 77" in line.after) == (True, True)
    assert line.who_id == world.supervisor.pk


def test_a_field_that_a_program_changed_is_told_too(world: World) -> None:
    session = WhatsAppSessionFactory.create()
    changes.remember(session, by=world.administrator, changed=changes.between({"name": "A"}, {"name": "B"}))
    changes.remember(session, by=world.administrator, changed={})
    changes.remember(session, by=None, changed={"name": ["A", "B"]})
    [line] = [one for one in today(world.administrator) if one.pk == str(session.pk)]
    assert (line.before, line.after, line.who_id) == ("name: A", "name: B", world.administrator.pk)
    client = APIClient()
    client.force_authenticate(world.administrator)
    campaign = world.campaign
    assert client.patch(f"/api/v1/campaigns/{campaign.pk}/", {"delay_max": 91}, format="json").status_code == 200
    told = LogEntry.objects.get(object_id=str(campaign.pk))
    assert '"delay_max": ["90", "91"]' in told.change_message


def test_a_secret_is_never_in_it() -> None:
    user = UserFactory.create()
    session = WhatsAppSessionFactory.create(token="abc123")
    told = changes.values_of(session, [field.name for field in session._meta.concrete_fields])
    assert "abc123" not in str(told)
    assert changes.values_of(user, ["password"]) == {"password": changes.HIDDEN}


def test_the_file_has_the_pages_lines_and_no_formula(world: World) -> None:
    [row] = draw(world.ana, 1, at=timezone.now())
    other = PromoterFactory.create(desk=world.ana.desk)
    decisions.reassign(row.pk, other, by=world.supervisor, version=row.version, reason="=1+1", now=timezone.now())
    text = signed_in(world.supervisor).get(reverse(f"{PAGE}_csv")).content.decode("utf-8-sig")
    _head, *rows = csv.reader(io.StringIO(text), delimiter=";" if '";"' in text else ",")
    assert "'=1+1" in {cells[-1] for cells in rows}
