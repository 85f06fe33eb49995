"""Clients on the desk: found, read, with their opportunities; and how far each source has been read."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from leadmaster.directory.models import Client, Suppression, SyncState
from opportunities.models import Opportunity
from tests.company import signed_in, told
from tests.factories.directory import ContactPointFactory
from tests.factories.opportunities import ClientFactory
from tests.opportunities.admin.rules import OUTSIDE, administrator, ask
from tests.opportunities.web.conftest import World, row, world

__all__ = ["row", "world"]

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/directory/client/"
SYNC = "/admin/directory/syncstate/"


def page_of(client: Client) -> str:
    return reverse("admin:directory_client_change", args=[client.pk])


def test_the_list_is_searched_and_says_what_the_desk_says(world: World, row: Opportunity) -> None:
    ClientFactory.create(name="Zulema", gone_at=timezone.now(), phone="+5493515559999")
    browser = signed_in(world.supervisor)
    page = browser.get(LIST, {"q": "zule"}).content.decode()
    assert "Zulema" in page
    assert "Ya no está en el origen" in page
    assert "+54 9 351 555-9999" in page
    assert row.client.full_name not in page
    assert "Tomado" in browser.get(LIST, {"q": row.client.external_id}).content.decode()


def test_too_many_namesakes_ask_for_another_word(world: World) -> None:
    now = timezone.now()
    Client.objects.bulk_create(
        Client(source="x", external_id=f"x{at}", shard=0, name="Juan", created_at=now, updated_at=now)
        for at in range(205)
    )
    answer = signed_in(world.supervisor).get(LIST, {"q": "juan"})
    assert any("otra palabra" in sentence for sentence in told(answer))


def test_the_list_asks_no_more_for_many_clients_and_counts_none(world: World) -> None:
    browser = signed_in(world.supervisor)
    ClientFactory.create()
    browser.get(LIST)
    with CaptureQueriesContext(connection) as for_one:
        browser.get(LIST)
    ClientFactory.create_batch(20)
    with CaptureQueriesContext(connection) as for_many:
        browser.get(LIST)
    assert len(for_many) == len(for_one) <= 14
    assert not [query for query in for_many if "COUNT(" in query["sql"] and "directory_client" in query["sql"]]


def test_the_page_tells_contacts_opt_outs_and_work_by_the_same_few_queries(world: World, row: Opportunity) -> None:
    client = row.client
    browser = signed_in(world.supervisor)
    browser.get(page_of(client))
    with CaptureQueriesContext(connection) as for_one:
        browser.get(page_of(client))
    silenced = ContactPointFactory.create(client=client, normalised="+5493515557777", label="trabajo")
    ContactPointFactory.create(client=client, raw="no tiene", normalised="", is_valid=False)
    ContactPointFactory.create(client=client, kind="correo", normalised="ana@example.com", raw="ana@example.com")
    Suppression.objects.create(phone=silenced.normalised, source="persona", created_at=timezone.now())
    with CaptureQueriesContext(connection) as for_four:
        page = browser.get(page_of(client)).content.decode()
    assert len(for_four) == len(for_one) <= 16
    for text in ("trabajo", "Pidió no recibir", "no tiene", "No sirve", "ana@example.com", str(world.promoter)):
        assert text in page
    assert reverse("admin:opportunities_opportunity_change", args=[row.pk]) in page


def test_another_teams_work_is_told_without_names(world: World, row: Opportunity) -> None:
    page = signed_in(world.foreign_supervisor).get(page_of(row.client)).content.decode()
    assert "De otro equipo" in page
    assert str(world.promoter) not in page
    assert reverse("admin:opportunities_opportunity_change", args=[row.pk]) not in page


def test_a_client_that_is_gone_says_since_when(world: World) -> None:
    client = ClientFactory.create(gone_at=timezone.now())
    assert "El origen ya no lo tiene" in signed_in(world.supervisor).get(page_of(client)).content.decode()


def test_nobody_edits_clients_or_the_state_of_a_source(world: World) -> None:
    client, state = ClientFactory.create(), SyncState.objects.create(source="externo")
    browser = signed_in(administrator())
    for name, pk in (("client", client.pk), ("syncstate", state.pk)):
        for verb, args in (("add", []), ("change", [pk]), ("delete", [pk])):
            url = reverse(f"admin:directory_{name}_{verb}", args=args)
            assert browser.post(url, {"post": "yes", "name": "Otro"}).status_code == 403
    assert Client.objects.filter(pk=client.pk).exists()
    assert SyncState.objects.filter(pk=state.pk).exists()


def test_a_source_tells_how_it_ended_and_what_came_wrong(world: World) -> None:
    now = timezone.now()
    report = {
        "read": 30,
        "new": 20,
        "changed": 4,
        "gone": 2,
        "invalid_phones": 3,
        "examples": [["44", "35-15", "corto"]],
    }
    done = SyncState.objects.create(source="externo", report=report, started_at=now, finished_at=now)
    SyncState.objects.create(source="archivo", progress={"done": 5, "total": 20}, started_at=now)
    SyncState.objects.create(source="nunca")
    browser = signed_in(world.supervisor)
    listed = browser.get(SYNC).content.decode()
    for text in ("Terminada", "Sin terminar · 25 %", "Nunca terminó", "20 nuevos, 4 cambiados, 2 ya no están"):
        assert text in listed
    page = browser.get(reverse("admin:directory_syncstate_change", args=[done.pk])).content.decode()
    assert "44: “35-15” · corto" in page
    assert "Teléfonos inválidos" in page


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_promoters_and_outsiders_come_to_no_client(world: World, row: Opportunity, who: str, method: str) -> None:
    state = SyncState.objects.create(source="externo")
    for url in (LIST, page_of(row.client), SYNC, reverse("admin:directory_syncstate_change", args=[state.pk])):
        assert ask(world, who, url, method) == 403
