"""The way back as a page: what to look at before, how the criteria stand, and the cap's end behind a question."""

from __future__ import annotations

import pytest
from django.utils import timezone

from campaigns import switch
from campaigns.models import SenderSwitch
from tests.company import Company, let_into_the_admin, signed_in, told

PAGE = "/admin/campaigns/senderswitch/comeback/"
RAISE = f"{PAGE}raise/"


@pytest.fixture
def stopped(company: Company) -> None:
    switch.turn(on=False, by=None, reason="La base volvió de un respaldo.", now=timezone.now())


@pytest.fixture
def on_trial(company: Company, stopped: None) -> SenderSwitch:
    return switch.turn(on=True, by=company.supervisor, reason="Ya revisé", now=timezone.now())


@pytest.mark.usefixtures("stopped")
def test_after_an_automatic_stop_it_says_what_to_look_at_and_how_it_goes_on(company: Company) -> None:
    client = signed_in(company.supervisor)
    page = client.get(PAGE).content.decode()

    assert "Los envíos se pararon solos" in page
    assert "La base volvió de un respaldo." in page
    assert "Al encender, cada línea envía 10 mensajes por día" in page
    # The switch's own page leads here, and its question says the same.
    assert PAGE in client.get("/admin/campaigns/senderswitch/").content.decode()
    assert "Al empezar, por línea y día" in client.get("/admin/campaigns/senderswitch/turn/on/").content.decode()


@pytest.mark.usefixtures("on_trial")
def test_under_way_it_shows_each_criterion_with_its_figure(company: Company) -> None:
    page = signed_in(company.supervisor).get(PAGE).content.decode()

    assert "A prueba: 10 mensajes por línea y día" in page
    assert "Al menos 5 mensajes llegaron al servidor: <b>0</b>" in page
    assert "Todavía no" in page


def test_a_person_ends_the_cap_with_a_reason(company: Company, on_trial: SenderSwitch) -> None:
    client = signed_in(company.supervisor)
    assert "Todavía no se cumple" in client.get(RAISE).content.decode()
    client.post(RAISE, {"reason": ""})
    assert switch.capped() == on_trial

    answer = client.post(RAISE, {"reason": "Lo miré"})

    assert told(answer) == ["Cada línea sube desde hoy, día a día, hasta su límite."]
    assert switch.capped() is None
    # Nothing is left to raise.
    assert client.get(RAISE)["Location"] == PAGE


def test_without_a_stop_there_is_nothing_to_come_back_from(company: Company) -> None:
    client = signed_in(company.supervisor)
    assert "sin límite de prueba" in client.get(PAGE).content.decode()
    assert PAGE not in client.get("/admin/campaigns/senderswitch/").content.decode()
    assert client.post(PAGE).status_code == 405


@pytest.mark.usefixtures("on_trial")
def test_who_may_not_turn_the_switch_may_not_look(company: Company) -> None:
    let_into_the_admin(company.owner)
    client = signed_in(company.owner)
    assert client.get(PAGE).status_code == 403
    assert client.post(RAISE, {"reason": "Quiero"}).status_code == 403
    assert switch.capped() is not None
