"""Every page as its visitors read it: in the language that they asked for, and in words of people, not of programs.

The addresses are those of the permission matrix, so that no page is forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from leadmaster.accounts.models import User
from tests.factories.campaigns import TickFactory
from tests.factories.ops import HeartbeatFactory
from tests.permission_table import TABLE
from tests.test_permission_matrix import Address, addresses, build, path_of

pytestmark = pytest.mark.django_db

# Attributes that a person reads or hears.
_READ = {"alt", "aria-label", "placeholder", "title", "aria-description", "data-confirm"}
_UNREAD = {"script", "style", "template", "svg"}
# The theme's icons are words of a font.
_ICON = "material-symbols"
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Reader(HTMLParser):
    """The pieces of text of a page, as they are read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in _UNREAD or self._skipped or _ICON in (said.get("class") or ""):
            if tag not in _VOID:
                self._skipped.append(tag)
            return
        self.pieces += [value for name, value in attrs if name in _READ and value]

    def handle_endtag(self, tag: str) -> None:
        if self._skipped and tag == self._skipped[-1]:
            self._skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipped and data.strip():
            self.pieces.append(" ".join(data.split()))


def read(page: str) -> list[str]:
    reader = _Reader()
    reader.feed(page)
    return reader.pieces


# Spanish that is nobody's name: no English page holds a word of it. What people and companies wrote is data.
_SPANISH = re.compile(
    r"[ñ¿¡]|ción|ciones|\b(?:el|los|las|del|una|y|para|con|por|de|que|hay|muy|pero|también|desde|hasta|sin|todavía|está"
    r"|fue|tu|tus)\b",
    re.IGNORECASE,
)
_DATA = (
    "Campaña nueva",
    "Gracias por escribir. Te contestamos pronto.",
    "El gateway no responde",
    "Nadie contesta en la dirección y el puerto del gateway.",
    "Hola {nombre_destino}, te escribe {nombre}.",
    "{ciudad|tu zona}",
    # Each language by its own name.
    *(name for _code, name in settings.LANGUAGES),
)
# As the factories name them.
_NUMBERED = re.compile(r"\b(?:Campaña|Calendario|Equipo|Persona Número) \d+")
# The holidays of a country, in its language.
_OF_A_COUNTRY = {"admin/calendars/operatingcalendar/<path:object_id>/national/"}
# What only a program would say.
_PROGRAM = re.compile(
    r"\{['\"]|\b(?:None|True|False)\b|manage\.py|\d ms\b|<lambda>|%\(\w+\)|object at 0x|\b[a-z]+(?:_[a-z]+)+\b"
)
# What a gateway itself calls what it asks for, and placeholders, which people write.
_WRITTEN_SO = re.compile(r"\bcliente_id\b|\bphone_number_id\b|\{\w+\}|\{\w+\|")


@pytest.fixture(autouse=True)
def _language_restored() -> Iterator[None]:
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def visitors() -> dict[str, Client]:
    """Everybody of the permission matrix, and what processes leave behind."""
    clients = build()
    TickFactory.create(report={"ran": True, "claimed": 3, "outcomes": {"enviado": 2, "error": 1}, "took_ms": 33212})
    HeartbeatFactory.create(name="sessions", detail={"asked": 2})
    return clients


def pages(
    client: Client, letter: str, *, language: str, admin: bool, seen_by: str = ""
) -> Iterator[tuple[str, list[str]]]:
    """Each page that this person comes in to, as its route and what it says; not those that `seen_by` has seen."""
    for address in _addresses():
        who = TABLE[address.route][0]
        if letter not in who or address.route.startswith("admin/") is not admin or (seen_by and seen_by in who):
            continue
        answer = client.get(path_of(address), headers={"accept-language": language})
        if answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html"):
            yield address.route, read(answer.content.decode())


def _addresses() -> list[Address]:
    return [one for one in addresses() if not one.data and not one.route.startswith(("api/", "webhooks/", "metrics"))]


@pytest.mark.parametrize(
    ("letter", "admin", "least"), [("o", False, 15), ("b", False, 5), ("b", True, 90), ("a", True, 15)], ids=str
)
def test_a_page_in_english_holds_no_spanish_and_no_words_of_programs(
    letter: str, admin: bool, least: int, visitors: dict[str, Client]
) -> None:
    found, seen = [], 0
    seen_by = "b" if letter == "a" else ""
    for route, said in pages(visitors[letter], letter, language="en", admin=admin, seen_by=seen_by):
        seen += 1
        if route not in _OF_A_COUNTRY:
            found += [(route, piece) for piece in said if _SPANISH.search(_without_data(piece))]
        found += [(route, piece) for piece in said if speaks_as_a_program(piece, nothing="None")]

    assert found == []
    assert seen >= least


def _without_data(piece: str) -> str:
    for known in _DATA:
        piece = piece.replace(known, "")
    return _NUMBERED.sub("", piece)


def speaks_as_a_program(piece: str, *, nothing: str = "") -> bool:
    """`nothing`: a word of programs that this language has too."""
    return any(match[0] != nothing for match in _PROGRAM.finditer(_WRITTEN_SO.sub("", piece)))


@pytest.mark.parametrize(
    ("language", "letter", "greeting"),
    [
        ("pt-br", "o", "Olá"),
        ("es-ar", "o", "Hola"),
        ("es", "o", "Hola"),
        ("pt-br", "y", ""),
    ],
)
def test_the_pages_of_a_phone_speak_each_language(
    language: str, letter: str, greeting: str, visitors: dict[str, Client]
) -> None:
    found, said_on_all = [], []
    for route, said in pages(visitors[letter], letter, language=language, admin=False):
        said_on_all += said
        found += [(route, piece) for piece in said if speaks_as_a_program(piece)]

    assert found == []
    assert any(greeting in piece for piece in said_on_all)
    with translation.override(language):
        assert gettext("Guardar la contraseña") in said_on_all


@pytest.mark.parametrize("language", ["es", "es-ar", "pt-br", "en"])
def test_what_the_admin_tells_of_a_saved_row_has_no_gender(language: str, visitors: dict[str, Client]) -> None:
    """Whatever its name is: el equipo, la sesión, los números."""
    User.objects.update(language=language)
    client = visitors["a"]

    told = client.post("/admin/accounts/team/add/", {"name": "Rosario"}, follow=True)
    texts = [str(message) for message in told.context["messages"]]

    assert any("Rosario" in text for text in texts), texts
    if language != "en":
        assert not any(re.search(r"\b(?:el|la|o|a) \w+ “", text, re.IGNORECASE) for text in texts), texts


@pytest.mark.parametrize(
    "piece",
    ["{'pendiente': 1}", "ran True", "None", "33212 ms", "en_progreso", "%(name)s", "manage.py sync", "<lambda>"],
)
def test_words_of_programs_are_recognised(piece: str) -> None:
    assert speaks_as_a_program(piece)


@pytest.mark.parametrize("piece", ["Hola {nombre}", "33 s", "{ciudad|tu zona}", "cliente_id", "Una sesión"])
def test_words_of_people_are_left_alone(piece: str) -> None:
    assert not speaks_as_a_program(piece)


def test_a_page_is_read_without_its_scripts_and_icons() -> None:
    page = """<title>Uno</title><script>var dos_tres = None</script><span class="material-symbols-outlined">arrow_back</span>
    <input placeholder="Cuatro &amp; cinco"><p>Seis <b>siete</b></p>"""

    assert read(page) == ["Uno", "Cuatro & cinco", "Seis", "siete"]
