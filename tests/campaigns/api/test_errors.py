"""Every refusal has one shape and a sentence in Spanish that says what to do."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework import exceptions
from rest_framework.test import APIClient

from leadmaster.accounts.models import ApiToken
from leadmaster.lib.api import errors
from tests.campaigns.api.world import World
from tests.factories.accounts import PASSWORD, token_of

URL = "/api/v1/campaigns/"


def error(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json()
    assert set(told) == {"error"}
    assert set(told["error"]) == {"code", "message", "fields"}
    body: dict[str, Any] = told["error"]
    return body


def test_nobody_is_asked_to_log_in(db: None) -> None:
    answer = Client().get(URL)

    assert error(answer, 401)["code"] == "not_authenticated"
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_token_that_is_none_is_told_where_to_get_one(db: None) -> None:
    told = error(Client().get(URL, headers={"Authorization": "Token nada"}), 401)

    assert told["code"] == "authentication_failed"
    assert "/api/v1/token/" in told["message"]


def test_an_address_that_is_none_answers_in_the_shape(db: None) -> None:
    for path in ("/api/v1/nada/", "/api/", "/api/v1/campaigns/abc/", "/api/v1/campaigns"):
        assert error(Client().get(path), 404)["code"] == "not_found"


def test_a_method_that_it_does_not_have(world: World) -> None:
    assert error(world.client("owner").put(URL, {}), 405)["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ("{", "application/json", 400, "parse_error"),
        ("[1]", "application/json", 400, "invalid"),
        ("null", "application/json", 400, "invalid"),
        ("NaN", "application/json", 400, "parse_error"),
        ('{"name": "\\ud800", "session": 1, "template": "x"}', "application/json", 400, "invalid"),
        ("a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("x", "text/plain", 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_cannot_be_read(body: str, kind: str, status: int, code: str, world: World) -> None:
    answer = world.client("owner").generic("POST", URL, body, content_type=kind)

    assert error(answer, status)["code"] == code


def test_a_format_that_the_api_does_not_speak(world: World) -> None:
    assert error(world.client("owner").get(URL, headers={"Accept": "text/html"}), 406)["code"] == "not_acceptable"


def test_throttled_is_told_how_long_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rest_framework.throttling.UserRateThrottle.get_rate", lambda self: "2/min")
    client = world.client("owner")
    for _ in range(2):
        assert client.get(URL).status_code == 200

    answer = client.get(URL)

    told = error(answer, 429)
    assert told["code"] == "throttled"
    assert answer.headers["Retry-After"] in told["message"]


def test_what_nobody_foresaw_is_logged_and_not_told(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("la clave es 1234")

    monkeypatch.setattr("campaigns.api.campaigns.forecast", broken)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(world.owner)

    answer = client.get(f"{URL}{world.campaign().pk}/forecast/")

    assert error(answer, 500)["code"] == "internal_error"
    assert "1234" not in answer.content.decode()
    assert "la clave es 1234" in caplog.text


def test_a_browsers_session_needs_its_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.owner, backend="leadmaster.accounts.backends.PersonBackend")

    assert client.get(URL).status_code == 200
    told = error(client.post(URL, {}, content_type="application/json"), 403)
    assert told["code"] == "csrf_failed"
    client.cookies["csrftoken"] = "a" * 32
    answer = client.post(URL, {}, content_type="application/json", headers={"X-CSRFToken": "a" * 32})
    assert error(answer, 400)["code"] == "invalid"


def test_a_token_needs_no_csrf(world: World) -> None:
    token = token_of(world.owner)
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Token {token}"})

    assert error(client.post(URL, {}, content_type="application/json"), 400)["code"] == "invalid"


# --- Tokens -------------------------------------------------------------------------------------------------------


def ask_token(world: World, password: str = PASSWORD, **options: Any) -> Any:
    return APIClient().post("/api/v1/token/", {"username": world.owner.username, "password": password}, **options)


def test_a_token_lets_a_program_in_until_it_is_deleted(world: World) -> None:
    token = ask_token(world).json()["token"]
    client = APIClient(headers={"Authorization": f"Token {token}"})

    assert client.get(URL).status_code == 200
    assert ask_token(world).json()["token"] != token
    assert client.delete("/api/v1/token/").status_code == 204
    assert client.get(URL).status_code == 401


def test_a_stale_token_does_not_stand_in_the_way_of_a_new_one(world: World) -> None:
    assert ask_token(world, headers={"Authorization": "Token vencido"}).status_code == 200


def test_a_wrong_password_is_not_told_apart_from_a_wrong_name(world: World) -> None:
    wrong = error(ask_token(world, "otra"), 400)
    nobody = error(APIClient().post("/api/v1/token/", {"username": "nadie", "password": "otra"}), 400)

    assert wrong == nobody
    assert not ApiToken.objects.exists()


def test_an_inactive_person_gets_no_token(world: World) -> None:
    world.owner.is_active = False
    world.owner.save()

    assert ask_token(world).status_code == 400


def test_guessing_passwords_is_slowed_down(world: World) -> None:
    answers = [ask_token(world, f"intento-{number}") for number in range(11)]

    assert {answer.status_code for answer in answers[:7]} == {400}
    assert error(answers[10], 429)["code"] == "throttled"
    # Another process counts its own requests; the failures are in the database, and the account itself rests.
    cache.clear()
    assert error(ask_token(world), 429)["code"] == "throttled"


# --- The shape itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        (["Falta"], {"general": ["Falta"]}),
        ({"a": ["x", "y"]}, {"a": ["x", "y"]}),
        ({"windows": [{}, {"opens": ["z"]}]}, {"windows.1.opens": ["z"]}),
        ({"days": {1: ["z"]}}, {"days.1": ["z"]}),
        ({"non_field_errors": ["x"]}, {"general": ["x"]}),
        ({"a": {"non_field_errors": ["x"]}}, {"a": ["x"]}),
    ],
)
def test_nested_details_become_one_level(detail: Any, fields: dict[str, list[str]]) -> None:
    assert errors.flatten(exceptions.ValidationError(detail).detail) == fields
