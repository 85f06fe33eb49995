"""No link leads to a refusal, and no page shows what only programs read: every page of everybody, read as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from tests.permission_table import TABLE
from tests.test_permission_matrix import addresses, build, path_of

pytestmark = [pytest.mark.django_db]

# Who clicks around: a promoter, the team's supervisor, an administrator.
PEOPLE = {"o": "promoter", "b": "supervisor", "a": "administrator"}
_LINK = re.compile(r'<a\b[^>]*?\shref="([^"#]+)')
_UNSEEN = re.compile(r"<(script|style|template|svg)\b.*?</\1>|<[^>]*>|<!--.*?-->", re.S)
# A dictionary, a list or an object as Python or JSON writes it; a value that is none; an instant as machines tell it.
_FOR_PROGRAMS = re.compile(
    r"\{['\"]|\[['\"]|<\w+ object|\bNone\b|\bTrue\b|\bFalse\b|\d{4}-\d\d-\d\d[T ]\d\d:|datetime\."
)


def pages(client: Client, letter: str) -> Iterator[tuple[str, str]]:
    """Path and HTML of every page that this person comes into."""
    for address in addresses():
        if letter not in TABLE[address.route][0] or address.data or address.route.startswith(("api/", "webhooks/")):
            continue
        cache.clear()
        answer = client.get(path_of(address))
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            yield path_of(address), answer.content.decode()


def links(page: str) -> list[str]:
    hrefs = (html.unescape(href) for href in _LINK.findall(page))
    return [
        href for href in dict.fromkeys(hrefs) if href.startswith("/") and not urlsplit(href).path.startswith("/static/")
    ]


def text(page: str) -> str:
    return html.unescape(_UNSEEN.sub(" ", page))


@pytest.mark.parametrize("letter", PEOPLE, ids=PEOPLE.get)
def test_no_link_leads_to_a_refusal_and_no_page_shows_what_only_programs_read(letter: str) -> None:
    client = build()[letter]
    answers: dict[str, int] = {}
    wrong = []
    for path, page in pages(client, letter):
        shown = text(page)
        wrong += [f"{path} shows {_around(shown, found)}" for found in _FOR_PROGRAMS.finditer(shown)]
        for link in links(page):
            where = urlsplit(link).path
            if where not in answers:
                cache.clear()
                answers[where] = client.get(link).status_code
            if answers[where] >= 400:
                wrong.append(f"{path} links to {link}: {answers[where]}")
    assert len(answers) > 5
    assert wrong == [], "\n".join(wrong)


def _around(shown: str, found: re.Match[str]) -> str:
    return " ".join(shown[max(0, found.start() - 60) : found.end() + 60].split())
