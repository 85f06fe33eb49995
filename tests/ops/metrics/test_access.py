"""Who reads `/metrics`: nobody, until the settings let somebody in."""

from __future__ import annotations

import hmac
from ipaddress import ip_network

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db

TOKEN = "a-token-that-nobody-guesses"


def ask(client: Client, token: str | None = None, *, address: str = "127.0.0.1", forwarded: str = "") -> int:
    headers = {"Authorization": token} if token is not None else {}
    if forwarded:
        headers["X-Forwarded-For"] = forwarded
    return client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code


def test_closed_by_default(client: Client) -> None:
    response = client.get("/metrics", HTTP_AUTHORIZATION="Bearer ")

    assert response.status_code == 404
    assert b"leadmaster_" not in response.content


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (None, 401),
        ("", 401),
        ("Bearer ", 401),
        (TOKEN, 401),
        (f"Token {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        ("Bearer contraseña", 401),
    ],
)
def test_the_token_lets_in_and_nothing_else_does(
    client: Client, settings: Settings, header: str | None, status: int
) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert ask(client, header) == status


def test_the_token_is_compared_in_constant_time(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.METRICS_TOKEN = TOKEN
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)

    ask(client, "Bearer wrong")

    assert (b"wrong", TOKEN.encode()) in compared


@pytest.mark.parametrize(
    ("address", "status"),
    [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("10.2.0.1", 403), ("fd00::7", 200), ("fd00::8", 403), ("", 403)],
)
def test_an_address_that_is_named_is_let_in(client: Client, settings: Settings, address: str, status: int) -> None:
    settings.METRICS_ALLOW = [ip_network("10.1.0.0/16"), ip_network("fd00::7")]

    assert ask(client, address=address) == status


@pytest.mark.parametrize(("behind", "status"), [(False, 403), (True, 200)])
def test_a_forwarded_address_counts_behind_a_proxy_alone(
    client: Client, settings: Settings, behind: bool, status: int
) -> None:
    settings.METRICS_ALLOW = [ip_network("10.1.0.0/16")]
    settings.BEHIND_TLS = behind

    asked = ask(client, address="203.0.113.9", forwarded="203.0.113.5, 10.1.0.1")

    assert asked == status
    # The last word is the proxy's; what the client claimed before it counts for nothing.
    assert ask(client, address="203.0.113.9", forwarded="10.1.0.1, 203.0.113.5") == 403


def test_both_have_to_be_met_where_both_are_set(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN, settings.METRICS_ALLOW = TOKEN, [ip_network("10.1.0.0/16")]

    assert ask(client, f"Bearer {TOKEN}", address="10.1.0.1") == 200
    assert ask(client, f"Bearer {TOKEN}", address="10.2.0.1") == 403
    assert ask(client, "Bearer wrong", address="10.1.0.1") == 401


def test_it_is_only_read(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert client.post("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").status_code == 405
    assert "no-store" in client.get("/metrics")["Cache-Control"]
