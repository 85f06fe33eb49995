"""The glossary names every value that is stored, and none that isn't."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import models

_PAGE = Path(__file__).parent.parent / "docs" / "glossary.md"
_OURS = ("opportunities", "campaigns", "whatsapp", "leadmaster")
_ROW = re.compile(r"^\| `([^`]+)` \| ([A-Z_]+) \| (.+) \|$", re.MULTILINE)


def written() -> dict[str, list[tuple[str, str]]]:
    """(value, name) by enum, as the page has them; a line without a meaning is no line."""
    parts = re.split(r"^### (.+)$", _PAGE.read_text(), flags=re.MULTILINE)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return {name: [(value, member) for value, member, meaning in _ROW.findall(text)] for name, text in found.items()}


def stored() -> dict[str, list[tuple[str, str]]]:
    """The same of every TextChoices in our code."""
    return {kind.__qualname__: [(str(one.value), one.name) for one in kind] for kind in _choices()}


def _choices() -> Iterator[Any]:
    for root in _OURS:
        package = importlib.import_module(root)
        for module in pkgutil.walk_packages(package.__path__, f"{root}."):
            if ".migrations" not in module.name and not module.name.endswith("wsgi"):
                yield from _in(importlib.import_module(module.name))


def _in(owner: Any) -> Iterator[Any]:
    for value in vars(owner).values():
        if not inspect.isclass(value) or not value.__module__.startswith(_OURS):
            continue
        if issubclass(value, models.TextChoices):
            yield value
        elif inspect.ismodule(owner) and issubclass(value, models.Model):
            yield from _in(value)


def test_every_stored_value_stands_in_the_glossary_and_nothing_else() -> None:
    assert written() == stored()
