"""The product speaks Spanish in its sources, and other languages through catalogues. Nothing here needs gettext's tools.

A sentence that somebody adds or changes without translating it fails here; `make messages` puts it in the catalogue.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import override
from django.utils.translation.template import templatize

from leadmaster.accounts.roles import Role
from tests.catalogues import CATALOGUES, KEPT, ROOT, catalogue, content, sources, translations
from tests.company import signed_in
from tests.factories.accounts import TeamFactory, UserFactory

PACKAGES = ("leadmaster", "whatsapp", "campaigns", "opportunities")

# How many of a call's first arguments are sentences.
_SENTENCES = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
_TEMPLATE_CALL = re.compile(r"""\b(n?gettext|_)\((u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"))""")


def english() -> polib.POFile:
    return catalogue("en")


def marked_in_python() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for sentence in _sentences(node):
                    yield sentence, path


def _sentences(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return []
    arguments = node.args[: _SENTENCES.get(node.func.id, 0)]
    return [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def marked_in_templates() -> Iterator[tuple[str, Path]]:
    """Django turns a template into the calls that its tags stand for; here they are read without xgettext."""
    for path in (ROOT / "templates").rglob("*.html"):
        for _name, quoted in _TEMPLATE_CALL.findall(templatize(path.read_text(encoding="utf-8"))):
            yield ast.literal_eval(quoted), path


def test_every_sentence_of_the_catalogue_is_said_in_english() -> None:
    empty = [entry.msgid for entry in english() if not all(translations(entry))]

    assert not empty, f"no English yet for {empty}"


@pytest.mark.parametrize("marked", [marked_in_python, marked_in_templates])
def test_every_sentence_marked_in_the_sources_is_in_the_catalogue(marked: Any) -> None:
    known = {entry.msgid for entry in english()} | {entry.msgid_plural for entry in english()}
    found = list(marked())

    missing = {sentence: path.relative_to(ROOT).as_posix() for sentence, path in found if sentence not in known}
    assert not missing, f"run `make messages` and translate: {missing}"
    assert len(found) > 100


@pytest.mark.parametrize("language", CATALOGUES)
def test_what_is_filled_in_is_the_same_in_every_language(language: str) -> None:
    # Django names a thing twice where we do once.
    filled_in: Any = set if language.startswith("wording/") else Counter
    changed = [
        (source, said)
        for entry in catalogue(language)
        for source, said in zip(sources(entry), translations(entry), strict=True)
        if filled_in(KEPT.findall(source)) != filled_in(KEPT.findall(said)) or source.count("\n") != said.count("\n")
    ]

    assert changed == []


@pytest.mark.parametrize("language", CATALOGUES)
def test_spaces_around_a_piece_of_a_sentence_survive_translation(language: str) -> None:
    def edges(text: str) -> tuple[bool, bool]:
        return text[:1].isspace(), text[-1:].isspace()

    assert [
        entry.msgid
        for entry in catalogue(language)
        if any(edges(source) != edges(said) for source, said in zip(sources(entry), translations(entry), strict=True))
    ] == []


@pytest.mark.parametrize("language", CATALOGUES)
def test_nothing_in_a_catalogue_is_empty_or_guessed(language: str) -> None:
    said = catalogue(language)

    assert [entry.msgid for entry in said if not all(translations(entry))] == []
    assert [entry.msgid for entry in said.fuzzy_entries()] == [], "a guess of msgmerge's, to be read by a person"


@pytest.mark.parametrize("source", CATALOGUES.values(), ids=CATALOGUES.keys())
def test_the_compiled_catalogue_says_what_its_source_says(source: Path) -> None:
    assert content(polib.mofile(source.with_suffix(".mo"))) == content(polib.pofile(source)), "run `make messages`"


@pytest.fixture
def _language_restored() -> Iterator[None]:
    """A request's language stays with the thread that served it, which here is the next test's."""
    with override(settings.LANGUAGE_CODE):
        yield


@pytest.mark.parametrize(
    ("asked", "language", "said"),
    [
        ("en-GB,en;q=0.9", "en", "Sign in to your account"),
        ("es-MX,es;q=0.9", "es", "Entra a tu cuenta"),
        ("fr", "es", "Entra a tu cuenta"),
        (None, "es", "Entra a tu cuenta"),
    ],
)
@pytest.mark.usefixtures("db", "_language_restored")
def test_the_door_speaks_the_language_of_the_browser_and_spanish_to_the_rest(
    asked: str | None, language: str, said: str
) -> None:
    response = Client().get("/login/", headers={"accept-language": asked} if asked else {})

    assert said in response.content.decode()
    assert f'<html lang="{language}"' in response.content.decode()


@pytest.mark.usefixtures("db", "_language_restored")
def test_a_supervisors_desk_is_in_english_for_whoever_asks_for_it() -> None:
    supervisor = UserFactory(role=Role.SUPERVISOR)
    TeamFactory(supervisors=[supervisor])
    client = signed_in(supervisor)

    in_english = client.get("/admin/", headers={"accept-language": "en"}).content.decode()
    by_default = client.get("/admin/").content.decode()

    for spanish, said in {
        "Campañas en curso": "Campaigns in progress",
        "Crear una campaña": "Create a campaign",
    }.items():
        assert said in in_english
        assert spanish not in in_english
        assert spanish in by_default
        assert said not in by_default
