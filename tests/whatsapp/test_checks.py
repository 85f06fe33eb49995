"""Start-up checks of the gateway's address."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from tests.simulator import Simulator


def ids(*, deploy: bool = False) -> set[str]:
    found = run_checks(include_deployment_checks=deploy)
    return {str(message.id) for message in found if str(message.id).startswith("whatsapp.")}


@pytest.mark.parametrize("path", ["/send", "/health", "/api/session-manager/sessions"])
def test_address_that_names_a_route_stops_the_start(settings: Settings, path: str) -> None:
    settings.SESSION_MANAGER_BASE_URL = f"http://localhost:3011{path}"
    assert ids() == {"whatsapp.E001"}


@pytest.mark.parametrize("path", ["", "/wa", "/sender"])
def test_address_with_a_prefix_is_fine(settings: Settings, path: str) -> None:
    settings.SESSION_MANAGER_BASE_URL = f"http://localhost:3011{path}"
    assert ids() == set()


def test_start_does_not_wait_for_the_network(settings: Settings) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://127.0.0.1:9"
    assert ids() == set()


def test_deployment_check_asks_the_gateway(settings: Settings, simulator: Simulator) -> None:
    settings.SESSION_MANAGER_BASE_URL = simulator.base_url
    assert ids(deploy=True) == set()
    settings.SESSION_MANAGER_BASE_URL = f"{simulator.base_url}/wa"
    assert ids(deploy=True) == {"whatsapp.WRONG_PATH"}


@pytest.mark.parametrize(
    "address",
    ["http://user:pw@gw.example", "http://169.254.169.254", "http://gw.example/?x=1", "http://gw.example/%2e"],
)
def test_an_environment_with_no_address_of_a_gateway_is_told(address: str, settings: Settings) -> None:
    settings.SESSION_MANAGER_BASE_URL = address

    assert ids() == {"whatsapp.E002"}
