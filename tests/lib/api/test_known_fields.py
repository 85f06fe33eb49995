"""Every serializer of the product: what it doesn't know it refuses by name, and a change writes only what was sent."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import QueryDict
from rest_framework import serializers

from leadmaster.lib.api.serializers import KnownFields, ModelSerializer, Serializer

OURS = ("campaigns.", "leadmaster.", "opportunities.", "whatsapp.")


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _below(sub)


def every_serializer() -> list[type[Any]]:
    """Ours, whoever uses them."""
    importlib.import_module("leadmaster.urls")
    found = {kind for kind in _below(serializers.Serializer) if kind.__module__.startswith(OURS)}
    plumbing = {Serializer, ModelSerializer}
    return sorted(found - plumbing, key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


ALL = every_serializer()
NESTED = [
    (kind, name)
    for kind in ALL
    for name, field in kind().fields.items()
    if not field.read_only and isinstance(getattr(field, "child", field), serializers.BaseSerializer)
]


def test_the_walk_finds_them() -> None:
    assert len(ALL) > 60
    assert len(NESTED) > 2


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__qualname__)
def test_an_unknown_name_is_refused_by_name(kind: type[Any]) -> None:
    assert issubclass(kind, KnownFields)
    for data in ({"provinica": "Córdoba"}, QueryDict("provinica=C%C3%B3rdoba")):
        given = kind(data=data, partial=True, context={})
        assert not given.is_valid()
        assert "No hay un dato con este nombre" in str(given.errors["provinica"])


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__qualname__)
def test_what_is_only_read_is_refused_by_name(kind: type[Any]) -> None:
    read = [name for name, field in kind().fields.items() if field.read_only] or ["provinica"]

    given = kind(data=dict.fromkeys(read, "x"), partial=True, context={})

    assert not given.is_valid()
    assert sorted(given.errors) == sorted(read)


@pytest.mark.parametrize(("kind", "name"), NESTED, ids=str)
def test_an_unknown_name_inside_another_field_is_refused_too(kind: type[Any], name: str) -> None:
    field = kind().fields[name]
    value: Any = {"provinica": "Córdoba"}
    while isinstance(field, serializers.ListSerializer | serializers.ListField):
        value, field = [value], field.child

    given = kind(data={name: value}, partial=True, context={})

    assert not given.is_valid()
    assert "provinica" in str(given.errors[name])


def test_the_answer_repeats_no_endless_name() -> None:
    class Asked(Serializer[Any]):
        quantity = serializers.IntegerField()

    given = Asked(data={"x" * 100_000: 1, "quantity": 1})

    assert not given.is_valid()
    assert len(str(given.errors)) < 300
