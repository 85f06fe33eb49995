"""The kill switch on the desk."""

from __future__ import annotations

import pytest
from django.urls import reverse
from pytest_django import Settings

from campaigns import switch
from campaigns.models import SenderSwitch
from tests.desk import Desk, signed_in, told
from tests.factories.campaigns import SenderSwitchFactory, running_campaign

PAGE = "/admin/campaigns/senderswitch/"


def turn(to: str) -> str:
    return reverse("admin:campaigns_senderswitch_turn", args=[to])


def test_get_says_what_stops_and_changes_nothing(desk: Desk) -> None:
    campaign = running_campaign(team=desk.team)

    page = signed_in(desk.supervisor).get(turn("off")).content.decode()

    assert campaign.name in page
    assert switch.is_on()


@pytest.mark.parametrize(("to", "on"), [("off", False), ("on", True)])
def test_post_turns_it_with_author_and_reason(desk: Desk, to: str, on: bool) -> None:
    SenderSwitchFactory(on=not on)

    response = signed_in(desk.supervisor).post(turn(to), {"reason": "Corte de luz"})

    assert len(told(response)) == 1
    last = SenderSwitch.objects.latest("id")
    assert (last.on, last.by, last.reason) == (on, desk.supervisor, "Corte de luz")
    assert switch.is_on() is on


def test_it_is_not_turned_without_a_reason(desk: Desk) -> None:
    response = signed_in(desk.supervisor).post(turn("off"), {"reason": ""})

    assert "Escribe el motivo" in response.content.decode()
    assert switch.is_on()


def test_promoters_do_not_turn_it(desk: Desk) -> None:
    desk.owner.is_staff = True
    desk.owner.save()

    assert signed_in(desk.owner).post(turn("off"), {"reason": "x"}).status_code == 403
    assert switch.is_on()


def test_there_is_no_third_position(desk: Desk) -> None:
    assert signed_in(desk.supervisor).post(turn("half"), {"reason": "x"}).status_code == 403


def test_the_page_shows_position_and_history(desk: Desk) -> None:
    SenderSwitchFactory(on=False, by=desk.supervisor, reason="Corte de luz")

    page = signed_in(desk.supervisor).get(PAGE).content.decode()

    assert "Apagados" in page
    assert "Corte de luz" in page


def test_off_in_the_environment_is_said_to_be_so(desk: Desk, settings: Settings) -> None:
    settings.AUTO_CAMPAIGNS_ENABLED = False

    page = signed_in(desk.supervisor).get(PAGE).content.decode()

    assert "AUTO_CAMPAIGNS_ENABLED=false" in page
