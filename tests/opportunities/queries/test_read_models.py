"""Read models are asked by pages, API and admin alike: they know none of them, write nothing and hold no HTML."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import opportunities.queries

_ROOM = Path(opportunities.queries.__file__).parent
_MODULES = sorted(_ROOM.glob("*.py"))
_OF_DOORS = ("django.http", "django.shortcuts", "django.template", "django.urls", "django.contrib", "rest_framework")
_OF_HTML = ("django.utils.html", "django.utils.safestring", "django.forms")
_WRITES = {"create", "update", "delete", "bulk_create", "bulk_update", "save", "get_or_create", "update_or_create"}


@pytest.mark.parametrize("module", _MODULES, ids=lambda path: path.stem)
def test_a_read_model_knows_no_door_and_holds_no_html(module: Path) -> None:
    tree = ast.parse(module.read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert [name for name in imported if name.startswith((*_OF_DOORS, *_OF_HTML))] == []
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [text for text in texts if "</" in text] == []


@pytest.mark.parametrize("module", _MODULES, ids=lambda path: path.stem)
def test_a_read_model_writes_nothing(module: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    # A set's `update` is called on a name; a queryset's on an attribute or a call.
    written = [
        call.attr
        for call in calls
        if isinstance(call, ast.Attribute) and call.attr in _WRITES and not isinstance(call.value, ast.Name)
    ]
    assert written == []


def test_the_room_was_looked_at() -> None:
    assert {"cards", "worklist", "time_left", "pool_figures"} <= {path.stem for path in _MODULES}
