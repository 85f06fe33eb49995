"""The catalogues of the screens' languages, as their sources."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = {
    **{
        f"{language}": ROOT / f"leadmaster/locale/{language}/LC_MESSAGES/django.po"
        for language in ("en", "pt_BR", "es_AR")
    },
    **{
        f"wording/{language}": ROOT / f"leadmaster/wording/{language}/LC_MESSAGES/django.po"
        for language in ("es", "es_AR", "pt_BR")
    },
}
# Those that say every sentence of the product. Spanish is in the code, and es_AR holds what Argentina says otherwise.
COMPLETE = ("en", "pt_BR")

# What is filled in or marked up: it has to be the same in every language.
KEPT = re.compile(r"%\(\w+\)[a-z]|%[ds%]|\{\{|\}\}|\{[^{}]*\}|</?\w[^>]*>")


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(CATALOGUES[language])


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def sources(entry: polib.POEntry) -> list[str]:
    return [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]


def content(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str, str], Any]:
    return {
        (entry.msgid, entry.msgid_plural or ""): dict(entry.msgstr_plural or {}) or entry.msgstr for entry in catalogue
    }
