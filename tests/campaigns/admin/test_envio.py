"""Messages on the desk: read by whoever may, changed by nobody, explained to everybody."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import EnvioState, Evidence
from campaigns.models import Envio
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.campaigns import (
    AttemptFactory,
    CampaignFactory,
    EnvioEventFactory,
    EnvioFactory,
    campaign_of,
    running_campaign,
)
from tests.factories.directory import SuppressionFactory

LIST = "/admin/campaigns/envio/"
QUERIES = 15


def change(envio: Envio) -> str:
    return reverse("admin:campaigns_envio_change", args=[envio.pk])


def by_hand(envio: Envio) -> str:
    return reverse("admin:campaigns_envio_by_hand", args=[envio.pk])


@pytest.fixture
def envio(company: Company) -> Envio:
    campaign = running_campaign(owner=company.owner, team=company.team)
    made: Envio = EnvioFactory(campaign=campaign, name="Ana Sosa", phone="+5493512743915")
    return made


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three_and_counts_nothing(
    company: Company, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team, envios=rows)
    client = signed_in(company.supervisor)

    with django_assert_num_queries(QUERIES), CaptureQueriesContext(connection) as queries:
        response = client.get(LIST)

    assert response.content.decode().count(f">{campaign.name}<") == rows
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    # The menu's badges stop at a hundred; the table itself is never counted.
    assert all("LIMIT 100" in sql for sql in counts)


@pytest.mark.parametrize(("who", "status"), [("supervisor", 200), ("administrator", 200), ("stranger", 404)])
def test_whoever_sees_the_campaign_sees_its_messages(company: Company, envio: Envio, who: str, status: int) -> None:
    client = signed_in(getattr(company, who))

    assert client.get(change(envio)).status_code == status
    assert ("Ana Sosa" in client.get(LIST).content.decode()) is (status == 200)


def test_promoters_do_not_come_to_the_desk(company: Company, envio: Envio) -> None:
    assert signed_in(company.owner).get(change(envio)).status_code == 302


@pytest.mark.parametrize("who", ["supervisor", "administrator"])
def test_nobody_adds_changes_or_deletes_a_message(company: Company, envio: Envio, who: str) -> None:
    user = getattr(company, who)
    user.is_superuser = user.is_administrator
    user.save()
    client = signed_in(user)

    assert client.post(f"{LIST}add/", {"phone": "+5493510000000"}).status_code == 403
    assert client.post(change(envio), {"state": "enviado"}).status_code == 403
    assert client.post(reverse("admin:campaigns_envio_delete", args=[envio.pk]), {"post": "yes"}).status_code == 403
    envio.refresh_from_db()
    assert envio.state == EnvioState.PENDING


@pytest.mark.parametrize("text", ["351 274-3915", "+54 9 351 274 3915", "0351 15 274-3915"])
def test_a_phone_is_found_however_it_is_written(company: Company, envio: Envio, text: str) -> None:
    EnvioFactory(campaign=envio.campaign, name="Otra persona")

    page = signed_in(company.supervisor).get(LIST, {"q": text}).content.decode()

    assert "Ana Sosa" in page
    assert "Otra persona" not in page


def test_half_a_phone_finds_nothing_and_says_so(company: Company, envio: Envio) -> None:
    response = signed_in(company.supervisor).get(LIST, {"q": "2743"})

    assert "Ana Sosa" not in response.content.decode()
    assert told(response) == ["“2743” no es un teléfono completo."]


def test_filters_by_state_acknowledgement_and_campaign(company: Company, envio: Envio) -> None:
    EnvioFactory(campaign=envio.campaign, name="Luis Ruiz", state=EnvioState.SENT, ack=3)
    client = signed_in(company.supervisor)

    def has(query: dict[str, str | int], name: str) -> bool:
        return name in client.get(LIST, query).content.decode()

    assert has({"state__exact": "enviado"}, "Luis Ruiz")
    assert not has({"state__exact": "enviado"}, "Ana Sosa")
    assert has({"ack": 3}, "Luis Ruiz")
    assert has({"campaign": campaign_of(envio).pk}, "Ana Sosa")
    assert not has({"campaign": CampaignFactory(team=company.team).pk}, "Ana Sosa")


def test_the_page_tells_tries_and_history(company: Company, envio: Envio) -> None:
    AttemptFactory(envio=envio, outcome="no_enviado", code="SESSION_NOT_READY", http_status=409)
    EnvioEventFactory(envio=envio, evidence=Evidence.PERSON, by=company.supervisor, reason="Lo vi en el teléfono")

    page = signed_in(company.supervisor).get(change(envio)).content.decode()

    assert "SESSION_NOT_READY" in page
    assert "HTTP 409" in page
    assert "“Lo vi en el teléfono”" in page


def test_a_pending_one_says_why_it_does_not_go_out(company: Company, envio: Envio) -> None:
    SuppressionFactory(phone=envio.phone)

    page = signed_in(company.supervisor).get(change(envio)).content.decode()

    assert "El número pidió no recibir mensajes" in page


def test_marking_by_hand_shows_the_message_and_changes_nothing_on_get(company: Company, envio: Envio) -> None:
    response = signed_in(company.supervisor).get(by_hand(envio))

    assert "Hola Ana Sosa" in response.content.decode()
    envio.refresh_from_db()
    assert envio.state == EnvioState.PENDING


def test_marking_by_hand_writes_who_and_why(company: Company, envio: Envio) -> None:
    response = signed_in(company.supervisor).post(by_hand(envio), {"reason": "Le escribí desde mi teléfono"})

    assert told(response) == ["Quedó como enviado a mano: no saldrá."]
    envio.refresh_from_db()
    assert (envio.state, envio.settled_by) == (EnvioState.SENT_BY_HAND, company.supervisor)
    assert envio.events.get().reason == "Le escribí desde mi teléfono"


def test_marking_by_hand_needs_a_reason(company: Company, envio: Envio) -> None:
    response = signed_in(company.supervisor).post(by_hand(envio), {"reason": ""})

    assert response.status_code == 200
    envio.refresh_from_db()
    assert envio.state == EnvioState.PENDING


def test_marking_by_hand_is_not_for_everybody(company: Company, envio: Envio) -> None:
    let_into_the_admin(company.owner)

    assert signed_in(company.stranger).post(by_hand(envio), {"reason": "x"}).status_code == 404
    assert signed_in(company.owner).post(by_hand(envio), {"reason": "x"}).status_code == 403
    envio.refresh_from_db()
    assert envio.state == EnvioState.PENDING


def test_one_that_was_sent_is_not_marked_by_hand(company: Company, envio: Envio) -> None:
    sent = EnvioFactory(campaign=envio.campaign, state=EnvioState.SENT)

    response = signed_in(company.supervisor).post(by_hand(sent), {"reason": "x"})

    assert told(response) == ["El envío ahora está enviado. Actualiza la página."]
    sent.refresh_from_db()
    assert sent.state == EnvioState.SENT
