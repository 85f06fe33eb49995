"""Secrets at rest."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmaster.lib.crypto import SecretError, seal, unseal

KEY, OTHER = "0f" * 32, "f0" * 32


# Shorter texts turn up among random bytes by chance.
@given(st.text(min_size=8))
def test_what_is_sealed_opens_with_its_key_and_place(plain: str) -> None:
    sealed = seal(plain, key_hex=KEY, context="a.b")

    assert plain.encode() not in base64.urlsafe_b64decode(sealed.removeprefix("v1:"))
    assert unseal(sealed, key_hex=KEY, context="a.b") == plain


def test_nothing_stays_nothing() -> None:
    assert seal("", key_hex=KEY, context="a.b") == ""
    assert unseal("", key_hex=KEY, context="a.b") == ""


def test_the_same_secret_never_looks_the_same_twice() -> None:
    assert seal("token", key_hex=KEY, context="a.b") != seal("token", key_hex=KEY, context="a.b")


@pytest.mark.parametrize(("key", "context"), [(OTHER, "a.b"), (KEY, "a.c")])
def test_another_key_or_another_place_does_not_open_it(key: str, context: str) -> None:
    with pytest.raises(SecretError):
        unseal(seal("token", key_hex=KEY, context="a.b"), key_hex=key, context=context)


def test_every_flipped_byte_is_noticed() -> None:
    raw = bytearray(base64.urlsafe_b64decode(seal("token", key_hex=KEY, context="a.b").removeprefix("v1:")))
    for position in range(len(raw)):
        damaged = raw.copy()
        damaged[position] ^= 1
        with pytest.raises(SecretError):
            unseal("v1:" + base64.urlsafe_b64encode(damaged).decode(), key_hex=KEY, context="a.b")


@pytest.mark.parametrize("text", ["token", "v1:", "v1:%%%", "v2:AAAA"])
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(SecretError):
        unseal(text, key_hex=KEY, context="a.b")
