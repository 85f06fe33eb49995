"""Administrators tell and erase from the desk; the number is typed twice."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from leadmaster.directory.models import ContactPoint
from leadmaster.ops.models import PersonalDataRequest
from tests.company import signed_in, told
from tests.ops.privacy.conftest import NAME, PHONE, Known

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_download_holds_the_person_and_is_written_down(known: Known) -> None:
    browser = signed_in(known.administrator)

    answer = browser.post(
        reverse("admin:ops_personaldatarequest_export"), {"phone": PHONE, "reason": "Lo pidió por carta"}
    )

    assert json.loads(answer.content)["clients"][0]["name"] == NAME
    assert "attachment" in answer.headers["Content-Disposition"]
    listed = browser.get(reverse("admin:ops_personaldatarequest_changelist")).content.decode()
    assert "Lo pidió por carta" in listed
    assert PHONE not in listed


def test_erasing_asks_for_the_number_twice(known: Known) -> None:
    browser, address = signed_in(known.administrator), reverse("admin:ops_personaldatarequest_erase")

    asked = browser.post(address, {"phone": PHONE, "again": "+5493515550100", "reason": "Carta"})
    assert "No es el mismo teléfono" in asked.content.decode()
    assert ContactPoint.objects.filter(normalised=PHONE).exists()

    form = {"phone": PHONE, "again": PHONE, "reason": "Carta"}
    first = browser.post(address, form).content.decode()
    assert re.search(r"Hay \d+ filas con sus datos", first)
    assert ContactPoint.objects.filter(normalised=PHONE).exists()
    found = re.search(r'name="told" value="([^"]+)"', first)
    assert found
    assert browser.post(address, {**form, "told": "otra:1:1"}).status_code == 200
    assert ContactPoint.objects.filter(normalised=PHONE).exists()

    answer = browser.post(address, {**form, "told": found[1]})
    assert answer.status_code == 302
    assert "no recibe nada más" in told(answer)[0]
    assert not ContactPoint.objects.filter(normalised=PHONE).exists()
    assert PersonalDataRequest.objects.get().kind == PersonalDataRequest.Kind.ERASE


@pytest.mark.parametrize("page", ["changelist", "export", "erase"])
def test_supervisors_have_no_business_here(known: Known, page: str) -> None:
    answer = signed_in(known.people.boss).get(reverse(f"admin:ops_personaldatarequest_{page}"))

    assert answer.status_code == 403
