"""The kill switch on the desk."""

from __future__ import annotations

import pytest
from django.urls import reverse
from pytest_django import Settings

from campaigns import switch
from campaigns.models import SenderSwitch
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.campaigns import SenderSwitchFactory, running_campaign

PAGE = "/admin/campaigns/senderswitch/"


def turn(to: str) -> str:
    return reverse("admin:campaigns_senderswitch_turn", args=[to])


def test_get_says_what_stops_and_changes_nothing(company: Company) -> None:
    campaign = running_campaign(team=company.team)

    page = signed_in(company.supervisor).get(turn("off")).content.decode()

    assert campaign.name in page
    assert switch.is_on()


@pytest.mark.parametrize(("to", "on"), [("off", False), ("on", True)])
def test_post_turns_it_with_author_and_reason(company: Company, to: str, on: bool) -> None:
    SenderSwitchFactory(on=not on)

    response = signed_in(company.supervisor).post(turn(to), {"reason": "Corte de luz"})

    assert len(told(response)) == 1
    last = SenderSwitch.objects.latest("id")
    assert (last.on, last.by, last.reason) == (on, company.supervisor, "Corte de luz")
    assert switch.is_on() is on


def test_it_is_not_turned_without_a_reason(company: Company) -> None:
    response = signed_in(company.supervisor).post(turn("off"), {"reason": ""})

    assert "Escribe el motivo" in response.content.decode()
    assert switch.is_on()


def test_promoters_do_not_turn_it(company: Company) -> None:
    let_into_the_admin(company.owner)

    assert signed_in(company.owner).post(turn("off"), {"reason": "x"}).status_code == 403
    assert switch.is_on()


def test_there_is_no_third_position(company: Company) -> None:
    assert signed_in(company.supervisor).post(turn("half"), {"reason": "x"}).status_code == 403


def test_the_page_shows_position_and_history(company: Company) -> None:
    SenderSwitchFactory(on=False, by=company.supervisor, reason="Corte de luz")

    page = signed_in(company.supervisor).get(PAGE).content.decode()

    assert "Apagados" in page
    assert "Corte de luz" in page


def test_off_in_the_environment_is_said_to_be_so(company: Company, settings: Settings) -> None:
    settings.AUTO_CAMPAIGNS_ENABLED = False

    page = signed_in(company.supervisor).get(PAGE).content.decode()

    assert "AUTO_CAMPAIGNS_ENABLED=false" in page


@pytest.mark.parametrize("page", ["/admin/", "/admin/campaigns/campaign/", "/admin/opportunities/opportunity/inbox/"])
def test_every_page_tells_that_nothing_leaves(company: Company, page: str) -> None:
    supervisor = signed_in(company.supervisor)
    assert "no sale ningún mensaje" not in supervisor.get(page).content.decode()

    SenderSwitchFactory(on=False, by=company.supervisor)

    assert "no sale ningún mensaje" in supervisor.get(page).content.decode()
