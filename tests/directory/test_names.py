"""Names of people: compared without case and accents, and told apart into given names and surnames."""

from __future__ import annotations

import pytest

from leadmaster.directory.models import Client
from leadmaster.directory.names import begins, contains, has_words, split_name
from leadmaster.directory.search import found_by
from tests.factories.directory import ClientFactory


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Valentina Sosa", ("Valentina", "Sosa")),
        ("Ana María Peña", ("Ana María", "Peña")),
        ("Juan Pérez Gómez", ("Juan", "Pérez Gómez")),
        ("María del Carmen Ruiz", ("María del Carmen", "Ruiz")),
        ("Luis de la Fuente", ("Luis", "de la Fuente")),
        ("Sosa Paz, Ana", ("Ana", "Sosa Paz")),
        ("Cher", ("Cher", "")),
        ("José Luis", ("José", "Luis")),
        ("  ", ("", "")),
    ],
)
def test_a_name_in_one_piece_is_told_apart(whole: str, parts: tuple[str, str]) -> None:
    assert split_name(whole) == parts


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["pena", "PEÑA", "Peña", "péna"])
def test_accents_and_case_make_no_difference(text: str) -> None:
    found = ClientFactory.create(name="Ana María", last_names="Peña Álvarez")
    ClientFactory.create(name="Pen", last_names="Alvear")

    for condition in (begins("last_names", text), contains("last_names", text), has_words([text])):
        assert list(Client.objects.filter(condition)) == [found]
    assert found_by(text) == [found.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["Maria Peña", "maria pena", "Peña María", "alvarez maria", "Ana Peña"])
def test_words_of_a_name_find_it_wherever_they_stand(text: str) -> None:
    found = ClientFactory.create(name="Ana María", last_names="Peña Álvarez")
    ClientFactory.create(name="María", last_names="Paz")
    if text.startswith("alvarez"):
        # No part of the name begins so: only the beginnings are indexed.
        assert found_by(text) == []
    else:
        assert found_by(text) == [found.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["(", "a.b", "[x]", ".*", "^", "\\"])
def test_nothing_that_is_typed_is_a_pattern(text: str) -> None:
    ClientFactory.create(name="Ana", last_names="Ruiz")
    assert found_by(text) == []
