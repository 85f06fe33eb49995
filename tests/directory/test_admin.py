"""Suppressed numbers on the desk."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from leadmaster.directory.models import Suppression
from leadmaster.directory.suppressing import suppress_list
from tests import desk as desks
from tests.desk import Desk, signed_in, told
from tests.factories.directory import SuppressionFactory

ADD = "/admin/directory/suppression/add/"
LIST = "/admin/directory/suppression/"


@pytest.fixture
def desk(db: None) -> Desk:
    return desks.build()


def test_get_shows_the_form_and_changes_nothing(desk: Desk) -> None:
    assert "en ninguna campaña" in signed_in(desk.supervisor).get(ADD).content.decode()
    assert not Suppression.objects.exists()


def test_a_pasted_list_is_read_as_people_write_phones(desk: Desk) -> None:
    SuppressionFactory(phone="+5493512743916")
    data = {"phones": "351 274-3915\n351 274-3916; nada\n+52 33 1234 5678", "region": "AR", "reason": "Lo pidieron"}

    response = signed_in(desk.supervisor).post(ADD, data)

    assert told(response)[0] == "2 números excluidos. 1 ya lo estaban."
    assert told(response)[1].startswith("“nada”: ")
    added = Suppression.objects.get(phone="+5493512743915")
    assert (added.source, added.reason, added.created_by) == ("persona", "Lo pidieron", desk.supervisor)
    assert Suppression.objects.filter(phone="+523312345678").exists()


@pytest.mark.parametrize("missing", ["phones", "reason"])
def test_half_a_form_is_asked_again(desk: Desk, missing: str) -> None:
    data = {"phones": "351 274-3915", "region": "AR", "reason": "Lo pidió", missing: ""}

    assert signed_in(desk.supervisor).post(ADD, data).status_code == 200
    assert not Suppression.objects.exists()


def test_promoters_do_not_exclude(desk: Desk) -> None:
    desk.owner.is_staff = True
    desk.owner.save()

    response = signed_in(desk.owner).post(ADD, {"phones": "351 274-3915", "region": "AR", "reason": "x"})

    assert response.status_code == 403
    assert not Suppression.objects.exists()


def test_nobody_takes_a_number_back_by_hand(desk: Desk) -> None:
    row = SuppressionFactory()
    client = signed_in(desk.administrator)

    for page in ("change", "delete"):
        address = reverse(f"admin:directory_suppression_{page}", args=[row.pk])
        assert client.post(address, {"post": "yes"}).status_code == 403
    assert Suppression.objects.filter(pk=row.pk).exists()


def test_a_number_is_found_however_it_is_written(desk: Desk) -> None:
    SuppressionFactory(phone="+5493512743915")
    SuppressionFactory(phone="+5493515551234")

    page = signed_in(desk.supervisor).get(LIST, {"q": "0351 15 274-3915"}).content.decode()

    assert "274-3915" in page
    assert "555-1234" not in page


def test_the_same_number_twice_in_a_list_is_one(desk: Desk) -> None:
    report = suppress_list(
        "351 274-3915, +54 9 351 274 3915",
        region="AR",
        reason="",
        source=Suppression.Source.FILE,
        by=None,
        now=timezone.now(),
    )

    assert (report.added, report.already, report.invalid) == (1, 0, ())
