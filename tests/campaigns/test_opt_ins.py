"""Lifting an exclusion: administrators do, with a reason that stays; whoever asks for it is told to them."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.errors import Incomplete, NotAllowed
from campaigns.opt_ins import is_opt_in, lift, spellings
from campaigns.opt_outs import OptOut, meaning
from campaigns.suppressions import suppress
from leadmaster.directory.models import Suppression, SuppressionLift
from tests import company as companies
from tests.campaigns.api.world import World, build
from tests.company import Company, signed_in
from tests.factories.directory import SuppressionFactory

pytestmark = pytest.mark.django_db


def lift_page(row: Suppression) -> str:
    return reverse("admin:directory_suppression_lift", args=[row.pk])


@pytest.fixture
def company() -> Company:
    return companies.build()


@pytest.fixture
def world() -> World:
    return build()


# --- The operation ------------------------------------------------------------------------------------------------


def test_a_lift_is_kept_with_its_author_its_reason_and_what_it_ended(company: Company) -> None:
    row = SuppressionFactory(reason="BAJA", created_by=company.supervisor)
    now = timezone.now()

    kept = lift(row, by=company.administrator, reason=" Llamó y lo pidió ", now=now)

    assert not Suppression.objects.exists()
    assert (kept.phone, kept.suppressed_reason, kept.suppressed_by) == (row.phone, "BAJA", company.supervisor)
    assert (kept.lifted_by, kept.reason, kept.lifted_at) == (company.administrator, "Llamó y lo pidió", now)
    suppress(row.phone, source=Suppression.Source.REPLY, now=now)
    assert Suppression.objects.get().phone == row.phone
    assert SuppressionLift.objects.count() == 1


@pytest.mark.parametrize("who", ["owner", "supervisor"])
def test_nobody_else_lifts(company: Company, who: str) -> None:
    row = SuppressionFactory()
    with pytest.raises(NotAllowed):
        lift(row, by=getattr(company, who), reason="x", now=timezone.now())
    assert Suppression.objects.exists()
    assert not SuppressionLift.objects.exists()


def test_a_reason_is_asked_for_and_a_second_lift_finds_nothing(company: Company) -> None:
    row = SuppressionFactory()
    with pytest.raises(Incomplete, match="motivo"):
        lift(row, by=company.administrator, reason="  ", now=timezone.now())
    lift(row, by=company.administrator, reason="Lo pidió", now=timezone.now())
    with pytest.raises(Incomplete, match="ya no está"):
        lift(Suppression(pk=999, phone=row.phone), by=company.administrator, reason="Otra vez", now=timezone.now())
    assert SuppressionLift.objects.count() == 1


def test_every_spelling_of_the_number_is_lifted(company: Company) -> None:
    rows = [SuppressionFactory(phone=phone) for phone in ("+525512345678", "+5215512345678")]
    SuppressionFactory(phone="+525512345679")

    lift(rows[0], by=company.administrator, reason="Lo pidió", now=timezone.now())

    assert list(Suppression.objects.values_list("phone", flat=True)) == ["+525512345679"]
    assert SuppressionLift.objects.count() == 2
    assert spellings("+5215512345678") == {"+525512345678", "+5215512345678"}
    assert spellings("+5511912345678") == {"+5511912345678", "+551112345678"}


# --- The doors ----------------------------------------------------------------------------------------------------


def test_the_page_lifts_with_a_reason(company: Company) -> None:
    row = SuppressionFactory()
    client = signed_in(company.administrator)

    assert lift_page(row) in client.get(reverse("admin:directory_suppression_changelist")).content.decode()
    assert "Levantar la exclusión" in client.get(lift_page(row)).content.decode()
    assert client.post(lift_page(row), {"reason": ""}).status_code == 200
    assert Suppression.objects.exists()
    assert client.post(lift_page(row), {"reason": "Lo pidió"}).status_code == 302
    assert not Suppression.objects.exists()
    assert client.get(lift_page(row)).status_code == 404
    history = client.get(reverse("admin:directory_suppressionlift_changelist")).content.decode()
    assert "Lo pidió" in history


@pytest.mark.parametrize(("who", "status"), [("supervisor", 403), ("stranger", 403)])
def test_the_page_is_for_administrators(company: Company, who: str, status: int) -> None:
    row = SuppressionFactory()
    client = signed_in(getattr(company, who))

    assert lift_page(row) not in client.get(reverse("admin:directory_suppression_changelist")).content.decode()
    for answer in (client.get(lift_page(row)), client.post(lift_page(row), {"reason": "x"})):
        assert answer.status_code == status
    assert Suppression.objects.exists()


def test_the_api_lifts_with_a_reason(world: World) -> None:
    row = world.suppression()
    path = f"/api/v1/suppressions/{row.pk}/lift/"

    assert world.client("boss").post(path, {"reason": "x"}).status_code == 403
    assert world.client("admin").post(path, {}).status_code == 400
    assert world.client("admin").post(path, {"reason": " "}).status_code == 400
    told = world.client("admin").post(path, {"reason": "Lo pidió"})
    assert (told.status_code, told.json()["reason"], told.json()["lifted_by"]) == (200, "Lo pidió", world.admin.pk)
    assert not Suppression.objects.exists()
    assert world.client("admin").post(path, {"reason": "x"}).status_code == 404


def test_a_deletion_over_the_api_is_kept_too(world: World) -> None:
    row = world.suppression()

    assert world.client("boss").delete(f"/api/v1/suppressions/{row.pk}/").status_code == 403
    assert world.client("admin").delete(f"/api/v1/suppressions/{row.pk}/?reason=Error").status_code == 204

    kept = SuppressionLift.objects.get()
    assert (kept.phone, kept.lifted_by, kept.reason) == (row.phone, world.admin, "Error")


@pytest.mark.parametrize("query", ["", "?reason=", "?reason=%20%20", "?reason=" + "x" * 301])
def test_a_deletion_over_the_api_asks_for_its_reason(world: World, query: str) -> None:
    row = world.suppression()

    refused = world.client("admin").delete(f"/api/v1/suppressions/{row.pk}/{query}")

    assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["reason"])
    assert Suppression.objects.filter(pk=row.pk).exists()
    assert not SuppressionLift.objects.exists()


# --- Who asks to come back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["ALTA", "alta", "START", "¡Alta!", "dame de alta por favor", "UNSTOP", "quiero volver"]
)
def test_these_ask_to_hear_from_us_again(text: str) -> None:
    assert is_opt_in(text)
    assert meaning(text) is OptOut.NO


@pytest.mark.parametrize(
    "text", ["", "hola", "la alta está lista", "fecha de alta", "¿me dan el alta mañana?", "restart"]
)
def test_these_do_not(text: str) -> None:
    assert not is_opt_in(text)
