"""Suppressed numbers on the desk: whoever is added gets nothing more, not even what waited for them."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from campaigns.enums import EnvioState, Evidence
from campaigns.models import Envio, EnvioEvent
from leadmaster.directory.models import Suppression
from leadmaster.directory.suppression import suppress_list
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.campaigns import EnvioFactory, running_campaign
from tests.factories.directory import SuppressionFactory

ADD = "/admin/directory/suppression/add/"
LIST = "/admin/directory/suppression/"


def test_get_shows_the_form_and_changes_nothing(company: Company) -> None:
    assert "en ninguna campaña" in signed_in(company.supervisor).get(ADD).content.decode()
    assert not Suppression.objects.exists()


def test_a_pasted_list_is_read_as_people_write_phones(company: Company) -> None:
    SuppressionFactory(phone="+5493512743916")
    data = {"phones": "351 274-3915\n351 274-3916; nada\n+52 33 1234 5678", "region": "AR", "reason": "Lo pidieron"}

    response = signed_in(company.supervisor).post(ADD, data)

    assert told(response)[0] == "2 números excluidos. 1 ya lo estaban."
    assert told(response)[1].startswith("“nada”: ")
    added = Suppression.objects.get(phone="+5493512743915")
    assert (added.source, added.reason, added.created_by) == ("persona", "Lo pidieron", company.supervisor)
    assert Suppression.objects.filter(phone="+523312345678").exists()


@pytest.mark.parametrize("missing", ["phones", "reason"])
def test_half_a_form_is_asked_again(company: Company, missing: str) -> None:
    data = {"phones": "351 274-3915", "region": "AR", "reason": "Lo pidió", missing: ""}

    assert signed_in(company.supervisor).post(ADD, data).status_code == 200
    assert not Suppression.objects.exists()


def test_promoters_do_not_exclude(company: Company) -> None:
    let_into_the_admin(company.owner)

    response = signed_in(company.owner).post(ADD, {"phones": "351 274-3915", "region": "AR", "reason": "x"})

    assert response.status_code == 403
    assert not Suppression.objects.exists()


def test_nobody_takes_a_number_back_by_hand(company: Company) -> None:
    row = SuppressionFactory()
    client = signed_in(company.administrator)

    for page in ("change", "delete"):
        address = reverse(f"admin:directory_suppression_{page}", args=[row.pk])
        assert client.post(address, {"post": "yes"}).status_code == 403
    assert Suppression.objects.filter(pk=row.pk).exists()


def test_a_number_is_found_however_it_is_written(company: Company) -> None:
    SuppressionFactory(phone="+5493512743915")
    SuppressionFactory(phone="+5493515551234")

    page = signed_in(company.supervisor).get(LIST, {"q": "0351 15 274-3915"}).content.decode()

    assert "274-3915" in page
    assert "555-1234" not in page


def test_the_same_number_twice_in_a_list_is_one(company: Company) -> None:
    report = suppress_list(
        "351 274-3915, +54 9 351 274 3915",
        region="AR",
        reason="",
        source=Suppression.Source.FILE,
        by=None,
        now=timezone.now(),
    )

    assert (report.added, report.already, report.invalid) == (1, 0, ())


def test_what_waits_for_the_number_is_cancelled_at_once_in_every_campaign(company: Company) -> None:
    campaign, other = running_campaign(team=company.team), running_campaign(team=company.other_team)
    waiting = [EnvioFactory(campaign=one, phone="+5493512743915") for one in (campaign, other)]
    sent = EnvioFactory(campaign=campaign, phone="+5493512743916", state=EnvioState.SENT)
    spared = EnvioFactory(campaign=campaign, phone="+5493512743917")
    data = {"phones": "351 274-3915, 351 274-3916", "region": "AR", "reason": "Lo pidió por teléfono"}

    response = signed_in(company.supervisor).post(ADD, data)

    assert told(response) == ["2 números excluidos.", "Se cancelaron 2 mensajes pendientes a esos números."]
    states = dict(Envio.objects.values_list("pk", "state"))
    assert [states[envio.pk] for envio in waiting] == [EnvioState.CANCELLED] * 2
    assert (states[sent.pk], states[spared.pk]) == (EnvioState.SENT, EnvioState.PENDING)
    line = waiting[0].events.get()
    assert (line.by, line.evidence) == (company.supervisor, Evidence.OPT_OUT)


def test_a_number_that_was_excluded_before_loses_what_came_to_it_since(company: Company) -> None:
    SuppressionFactory(phone="+5493512743915")
    waiting = EnvioFactory(phone="+5493512743915")

    signed_in(company.supervisor).post(ADD, {"phones": "351 274-3915", "region": "AR", "reason": "Insiste"})

    waiting.refresh_from_db()
    assert waiting.state == EnvioState.CANCELLED


def test_a_long_list_is_cancelled_by_parts(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.suppressions._BATCH", 2)
    phones = [f"+54935127439{n}" for n in range(10, 17)]
    for phone in phones:
        EnvioFactory.create_batch(3, phone=phone)

    signed_in(company.supervisor).post(ADD, {"phones": "\n".join(phones), "region": "AR", "reason": "Lista"})

    assert set(Envio.objects.values_list("state", flat=True)) == {EnvioState.CANCELLED}
    assert EnvioEvent.objects.count() == 21


def test_the_reason_that_is_kept_is_spanish_also_from_an_english_page(company: Company) -> None:
    waiting = EnvioFactory(phone="+5493512743915")
    client = signed_in(company.supervisor)

    # A request's language stays with its thread, which here is the next test's.
    with override(settings.LANGUAGE_CODE):
        data = {"phones": "351 274-3915", "region": "AR", "reason": "x"}
        assert client.post(ADD, data, headers={"accept-language": "en"}).headers["Content-Language"] == "en"

    assert waiting.events.get().reason == "El número pidió no recibir mensajes."
