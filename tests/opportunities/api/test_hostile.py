"""What nobody sends by mistake: bodies too long, too deep or not JSON, a hundred thousand ids, the directory by phones.

Each is refused in the one shape with what to do about it. None is a failure of ours, which would wake somebody up.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from opportunities.models import BulkAction, Opportunity
from tests.api_people import new_key
from tests.factories.accounts import token_of
from tests.opportunities.api.world import World

V1 = "/api/v1"
TOO_LONG = json.dumps({"text": "x" * (6 * 1024 * 1024)})


def send(world: World, path: str, body: str | bytes, *, who: str = "owner", kind: str = "application/json") -> Any:
    """As a program does, over the wire."""
    token = token_of(getattr(world, who))
    headers = {"Authorization": f"Token {token}", "Idempotency-Key": new_key()}
    return Client(raise_request_exception=False).generic(
        "POST", f"{V1}/{path}", body, content_type=kind, headers=headers
    )


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (TOO_LONG, (413, "too_large")),
        ("[" * 100_000, (400, "parse_error")),
        ('{"text": ' * 50_000, (400, "parse_error")),
        ('{"text": "x", "más": ' + "[" * 5_000 + "]" * 5_000 + "}", (400, "parse_error")),
        ('{"text": 1' + "0" * 5_000 + "}", (400, "parse_error")),
        (b"\xff\xfe{", (400, "parse_error")),
        ('{"text": Infinity}', (400, "parse_error")),
        ('{"text": "a\\u0000b"}', (400, "invalid")),
        ('{"text": "\\ud800"}', (400, "invalid")),
        ('{"text": {"text": "x"}}', (400, "invalid")),
        ("null", (400, "invalid")),
        ("[]", (400, "invalid")),
        ('"text"', (400, "invalid")),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_body_that_makes_no_sense_is_refused_and_does_nothing(
    body: str | bytes, refusal: tuple[int, str], world: World
) -> None:
    row = world.one()
    lines = row.events.count()

    answer = send(world, f"opportunities/{row.pk}/note/", body)

    assert told(answer) == refusal
    assert "JSON parse error" not in answer.json()["error"]["message"]
    assert row.events.count() == lines


def test_a_body_is_not_read_for_nobody_either(db: None) -> None:
    """Asking for a token takes no credentials."""
    browser = Client(raise_request_exception=False)

    for body, status in ((TOO_LONG, 413), ("[" * 100_000, 400)):
        assert browser.generic("POST", f"{V1}/token/", body, content_type="application/json").status_code == status


@pytest.mark.parametrize("charset", ["bz2", "hex", "no-existe", "utf-16"])
def test_a_charset_hides_nothing(charset: str, world: World) -> None:
    row = world.one()

    answer = send(world, f"opportunities/{row.pk}/note/", "[" * 100_000, kind=f"application/json; charset={charset}")

    assert told(answer) == (400, "parse_error")


def test_words_of_any_alphabet_are_kept_as_they_came(world: World) -> None:
    row, text = world.one(), "שלום \u202e abc 😀 ñ"

    assert send(world, f"opportunities/{row.pk}/note/", json.dumps({"text": text})).status_code == 201
    assert row.events.latest("id").reason == text


@pytest.mark.parametrize(
    "ids", [list(range(1, 100_001)), ["x"] * 50_000, [10**30] * 2_000], ids=["many", "text", "huge"]
)
def test_too_many_ids_are_one_mistake(ids: list[object], world: World) -> None:
    answer = send(world, "bulk-actions/close/", json.dumps({"ids": ids, "reason": "x"}), who="boss")

    assert told(answer) == (400, "invalid")
    assert answer.json()["error"]["fields"] == {"ids": ["Son demasiadas filas: manda hasta 1000 por vez."]}
    assert not BulkAction.objects.exists()


def test_many_wrong_values_are_told_in_a_readable_sentence(world: World) -> None:
    error = send(world, "bulk-actions/close/", json.dumps({"ids": ["x"] * 900, "reason": "x"}), who="boss").json()[
        "error"
    ]

    assert error["message"].endswith("ids.7 y 892 más.")
    assert len(error["fields"]) == 100


@pytest.mark.parametrize("quantity", [10**9, 0, -1, "1e9", 1.5, True, None, [1]])
def test_a_quantity_that_makes_no_sense_takes_nothing(quantity: object, world: World) -> None:
    answer = send(world, "lots/", json.dumps({"quantity": quantity}))

    assert (told(answer), list(answer.json()["error"]["fields"])) == ((400, "invalid"), ["quantity"])
    assert not Opportunity.objects.exists()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("opportunities/?overdue=quizás", "overdue"),
        ("promoters/?available=no", "available"),
        ("stages/?active=x", "active"),
    ],
)
def test_a_yes_or_no_that_is_neither_is_refused_and_not_ignored(path: str, name: str, world: World) -> None:
    """Ignored, a program would get every row where it asked for some."""
    answer = world.client("boss").get(f"{V1}/{path}")

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [name])
    assert world.client("boss").get(f"{V1}/{path.partition('=')[0]}=TRUE").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["opportunities/?stat=activa", "inbox/?own=3", "lots/?ordering=-id", "clients/?name=Ana", "campaigns/?status=x"],
)
def test_a_filter_that_is_none_is_refused_and_not_ignored(path: str, world: World) -> None:
    """A misspelt filter would answer with every row."""
    answer = world.client("boss").get(f"{V1}/{path}")

    error = answer.json()["error"]
    name = path.partition("?")[2].partition("=")[0]
    assert (answer.status_code, list(error["fields"])) == (400, [name])
    assert "Hay: " in error["fields"][name][0]


def test_captures_that_are_refused_count_as_checks(world: World) -> None:
    """A refusal says whether a phone is known: without a limit it would be a check without one."""
    taken = world.give(to="colleague")[0].client.contacts.get().normalised
    body = {"name": "Ana", "phones": [taken]}

    answers = [world.post("owner", f"{V1}/captures/", body).status_code for _ in range(40)]

    assert answers == [409] * 40
    assert world.post("owner", f"{V1}/captures/", body).status_code == 429
    assert world.client("owner").get(f"{V1}/captures/phone-check/", {"phone": taken}).status_code == 429
    assert world.post("colleague", f"{V1}/captures/", {**body, "phones": ["+52 33 1234 5678"]}).status_code == 201


def test_a_form_that_nobody_filled_in_is_refused(world: World) -> None:
    """Uploads are the one place that takes forms; a wrong campaign is told only after its form was read."""
    token = token_of(world.owner)
    browser = Client(raise_request_exception=False, headers={"Authorization": f"Token {token}"})
    path = f"{V1}/campaigns/{_campaign(world)}/recipients/"

    assert told(browser.post(path, {"name_column": "x" * (6 * 1024 * 1024)})) == (413, "too_large")
    assert told(browser.post(path, {f"campo{number}": "1" for number in range(2_000)})) == (400, "parse_error")


def _campaign(world: World) -> int:
    body = {"name": "Marzo", "session": world.line().pk, "template": "Hola {nombre}"}
    made: int = world.post("owner", f"{V1}/campaigns/", body).json()["id"]
    return made
