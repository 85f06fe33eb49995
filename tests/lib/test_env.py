"""A wrong value stops the program with a sentence that says what to write."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured

from leadmaster.lib import env

NAME = "LEADMASTER_TEST_VALUE"


@pytest.mark.parametrize(
    ("value", "read", "says"),
    [
        ("", lambda: env.text(NAME), "Write LEADMASTER_TEST_VALUE="),
        ("maybe", lambda: env.boolean(NAME, False), "Write true or false"),
        ("many", lambda: env.integer(NAME, 5, minimum=1, maximum=9), "whole number from 1 to 9"),
        ("10", lambda: env.integer(NAME, 5, minimum=1, maximum=9), "whole number from 1 to 9"),
        ("localhost:3011", lambda: env.http_url(NAME, ""), "http://localhost:3011"),
        ("http://", lambda: env.http_url(NAME, ""), "http://localhost:3011"),
        ("http://localhost:99999", lambda: env.http_url(NAME, ""), "http://localhost:3011"),
        ("ftp://localhost", lambda: env.http_url(NAME, ""), "http://localhost:3011"),
        ("Cordoba", lambda: env.time_zone(NAME, "UTC"), "America/Argentina/Cordoba"),
        ("abc", lambda: env.hex_key(NAME), "64 hex digits"),
        ("g" * 64, lambda: env.hex_key(NAME), "64 hex digits"),
        ("a" * 32, lambda: env.hex_key(NAME), "64 hex digits"),
    ],
)
def test_a_wrong_value_is_told_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, value: str, read: Callable[[], object], says: str
) -> None:
    monkeypatch.setenv(NAME, value)

    with pytest.raises(ImproperlyConfigured) as told:
        read()

    assert NAME in str(told.value)
    assert says in str(told.value)


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        (" yes ", lambda: env.boolean(NAME, False), True),
        ("OFF", lambda: env.boolean(NAME, True), False),
        ("", lambda: env.boolean(NAME, True), True),
        ("7", lambda: env.integer(NAME, 5, minimum=1, maximum=9), 7),
        ("", lambda: env.integer(NAME, 5, minimum=1, maximum=9), 5),
        ("http://host:3011/", lambda: env.http_url(NAME, ""), "http://host:3011"),
        ("", lambda: env.http_url(NAME, ""), ""),
        ("a, b,,c ", lambda: env.words(NAME), ["a", "b", "c"]),
        ("AB" * 32, lambda: env.hex_key(NAME), "AB" * 32),
        ("America/Monterrey", lambda: env.time_zone(NAME, "UTC"), "America/Monterrey"),
    ],
)
def test_a_right_value_is_read(
    monkeypatch: pytest.MonkeyPatch, value: str, read: Callable[[], object], expected: object
) -> None:
    monkeypatch.setenv(NAME, value)

    assert read() == expected
