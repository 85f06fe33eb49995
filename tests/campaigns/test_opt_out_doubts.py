"""What may have been an opt-out: nothing leaves until a person says what was meant, and then what they said holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from campaigns.engine.why_not import why_not_this
from campaigns.enums import EnvioState, WhyNot
from campaigns.errors import Incomplete, NotAllowed
from campaigns.inbound import receive
from campaigns.models import Campaign, Envio
from campaigns.opt_out_doubts import confirm, dismiss
from campaigns.suppressions import suppress_list
from leadmaster.directory.models import Suppression, SuppressionLift
from leadmaster.ops.models import Alert
from tests import company as companies
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.directory import SuppressionFactory
from tests.faults.harness import World
from whatsapp.inbound import Inbound

DOUBT = "no me escriban hoy"
PAGE = "/admin/directory/suppression/doubts/"


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


def write(world: World, campaign: Campaign, text: str) -> Envio:
    """The person of the campaign's one envío writes this."""
    envio = Envio.objects.get(campaign=campaign)
    receive(
        Inbound(tenant_id="t", message_id=f"m-{text}", phone=envio.phone, lid="", text=text, at=world.now),
        session=campaign.session,
        now=world.now,
    )
    return envio


def state(envio: Envio) -> str:
    envio.refresh_from_db()
    return envio.state


def test_nothing_leaves_while_it_is_in_doubt(world: World, company: Company) -> None:
    envio = write(world, world.campaign(envios=1), DOUBT)

    world.run_minutes(20)

    assert world.provider.ledger == []
    assert state(envio) == EnvioState.PENDING
    assert envio.attempts == 0
    assert why_not_this(envio, world.now).reason == WhyNot.DOUBT
    assert Alert.objects.get(open_key="opt-out-doubts").title == "¿Pidieron la baja?"
    assert world.findings() == []


def test_no_lets_it_go_out(world: World, company: Company) -> None:
    envio = write(world, world.campaign(envios=1), DOUBT)
    world.run_minutes(2)

    kept = dismiss(Suppression.objects.get(), by=company.supervisor, now=world.now)
    world.run_minutes(15)

    assert (kept.lifted_by, kept.suppressed_reason) == (company.supervisor, DOUBT)
    assert state(envio) == EnvioState.SENT
    assert not Alert.objects.filter(open_key="opt-out-doubts").exists()


def test_yes_cancels_what_waits(world: World, company: Company) -> None:
    envio = write(world, world.campaign(envios=1), DOUBT)

    assert confirm(Suppression.objects.get(), by=company.supervisor, now=world.now) == 1
    world.run_minutes(15)

    row = Suppression.objects.get()
    assert (row.source, row.created_by) == (Suppression.Source.REPLY, company.supervisor)
    assert state(envio) == EnvioState.CANCELLED
    assert world.provider.ledger == []
    assert not Alert.objects.filter(open_key="opt-out-doubts").exists()


def test_plain_words_afterwards_decide_it(world: World, company: Company) -> None:
    campaign = world.campaign(envios=1)
    write(world, campaign, DOUBT)
    envio = write(world, campaign, "BAJA")

    assert Suppression.objects.get().source == Suppression.Source.REPLY
    assert state(envio) == EnvioState.CANCELLED
    assert not Alert.objects.filter(open_key="opt-out-doubts").exists()


def test_a_doubt_makes_no_exclusion_less_certain(world: World, company: Company) -> None:
    campaign = world.campaign(envios=1)
    write(world, campaign, "BAJA")
    write(world, campaign, DOUBT)
    assert Suppression.objects.get().source == Suppression.Source.REPLY


def test_a_list_that_holds_the_number_decides_it(transactional_db: None, company: Company) -> None:
    row = SuppressionFactory(source=Suppression.Source.DOUBT)
    assert row in Suppression.objects.in_doubt()
    suppress_list(
        row.phone,
        region="AR",
        reason="Lo pidió",
        source=Suppression.Source.PERSON,
        by=company.supervisor,
        now=row.created_at,
    )
    assert row not in Suppression.objects.in_doubt()


@pytest.mark.parametrize("operation", [confirm, dismiss])
def test_decided_once_by_whoever_may(world: World, company: Company, operation: Callable[..., Any]) -> None:
    write(world, world.campaign(envios=1), DOUBT)
    row = Suppression.objects.get()
    with pytest.raises(NotAllowed):
        operation(row, by=company.owner, now=world.now)
    operation(row, by=company.supervisor, now=world.now)
    for again in (confirm, dismiss):
        with pytest.raises(Incomplete, match="ya se decidió"):
            again(row, by=company.supervisor, now=world.now)


def test_every_spelling_is_decided(world: World, company: Company) -> None:
    rows = [SuppressionFactory(phone=phone, source="duda") for phone in ("+525512345678", "+5215512345678")]
    dismiss(rows[0], by=company.supervisor, now=world.now)
    assert not Suppression.objects.exists()
    assert SuppressionLift.objects.count() == 2


# --- The doors --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_page_shows_the_words_and_takes_either_answer(company: Company) -> None:
    rows = [SuppressionFactory(source="duda", reason=f"no me escriban hoy {n}") for n in range(2)]
    client = signed_in(company.supervisor)

    assert PAGE in client.get(reverse("admin:directory_suppression_changelist")).content.decode()
    page = client.get(PAGE).content.decode()
    assert all(row.reason in page for row in rows)
    assert client.post(PAGE, {"pk": rows[0].pk, "meant": "quizás"}).status_code == 302
    assert Suppression.objects.in_doubt().count() == 2
    client.post(PAGE, {"pk": rows[0].pk, "meant": "si"})
    client.post(PAGE, {"pk": rows[1].pk, "meant": "no"})
    assert [(row.pk, row.source) for row in Suppression.objects.all()] == [(rows[0].pk, "respuesta")]
    assert "No queda nada por decidir" in client.get(PAGE).content.decode()
    for nobody in ("", "x", "9" * 30, "0"):
        assert told(client.post(PAGE, {"pk": nobody, "meant": "si"}))[0].startswith("Eso ya se decidió")
    assert Suppression.objects.count() == 1


@pytest.mark.django_db
def test_the_page_is_not_for_promoters(company: Company) -> None:
    let_into_the_admin(company.owner)
    row = SuppressionFactory(source="duda")
    client = signed_in(company.owner)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"pk": row.pk, "meant": "no"}).status_code == 403
    assert Suppression.objects.in_doubt().exists()


@pytest.mark.django_db
def test_the_api_lists_and_decides_doubts(company: Company) -> None:
    yes, no, certain = (SuppressionFactory(source=source) for source in ("duda", "duda", "respuesta"))
    client, path = signed_in(company.supervisor), "/api/v1/suppressions/"

    found = client.get(path, {"source": "duda"}).json()["results"]
    assert {row["id"] for row in found} == {yes.pk, no.pk}
    confirmed = client.post(f"{path}{yes.pk}/confirm/", content_type="application/json")
    assert confirmed.json().get("source") == "respuesta", confirmed.content
    assert client.post(f"{path}{no.pk}/dismiss/", content_type="application/json").json()["phone"] == no.phone
    for verb in ("confirm", "dismiss"):
        assert client.post(f"{path}{certain.pk}/{verb}/", content_type="application/json").status_code == 422
        assert (
            signed_in(company.owner).post(f"{path}{certain.pk}/{verb}/", content_type="application/json").status_code
            == 403
        )
    assert set(Suppression.objects.values_list("pk", flat=True)) == {yes.pk, certain.pk}
