"""Rows of long admin lists, drawn quickly.

The theme draws one row with marks in the places of its values; the others are copies of it with values of their own.
Drawn one by one, fifty rows would make the headers fifty times and a widget for each checkbox: two thirds of a page.

For lists whose columns are methods of their ModelAdmin that give texts: nothing editable, no fields of the model.
"""

from __future__ import annotations

import copy
import functools
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.contrib.admin.templatetags.admin_list import ResultList
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from unfold.templatetags import unfold_list
from unfold.utils import display_for_value

_BOX: Final = "action_checkbox"
# The frame repeats the page's own address, which anybody may write: a mark must not be guessed. Letters and digits alone
# come through addresses as they are.
_MARK: Final = f"v{secrets.token_hex(8)}v"
_PLACES: Final = re.compile(rf"{_MARK}(\d+)z")
_KEY: Final = f"{_MARK}0z"


class DrawnRow(ResultList):
    """The cells of one row, as the theme's table takes them."""

    def __init__(self, instance: Any, cells: SafeString) -> None:
        super().__init__(None, [cells])
        self.instance = instance


def context_of_rows(context: Any, cl: ChangeList) -> dict[str, Any]:
    """What the theme's table is drawn from: its own context, with these rows."""
    bare = copy.copy(cl)
    bare.result_list = cl.result_list[:0]
    return {**unfold_list.result_list(context, bare), "cl": cl, "results": list(rows(cl))}


def rows(cl: ChangeList) -> Iterator[DrawnRow]:
    """Each row of the page, in its order."""
    names = [str(name) for name in cl.list_display if name != _BOX]
    columns: list[Callable[[Any], Any]] = [getattr(cl.model_admin, name) for name in names]
    empty = cl.model_admin.get_empty_value_display()
    # Text and places by turns, as `split` gives them; place 0 is the row's key, n the nth column.
    pieces = _PLACES.split(_frame(cl, names))
    texts, places = pieces[::2], [int(place) for place in pieces[1::2]]
    for row in cl.result_list:
        values = [quote(row.pk), *(display_for_value(column(row), empty) for column in columns)]
        shown = [conditional_escape(value) for value in values]
        filled = "".join(f"{text}{shown[place]}" for text, place in zip(texts, places, strict=False))
        # The frame is the theme's, and the values are escaped.
        yield DrawnRow(row, SafeString(filled + texts[-1]))


def _frame(cl: ChangeList, names: list[str]) -> str:
    """A row as the theme draws it, with a mark for each value."""
    marked = copy.copy(cl)
    marked.__dict__["model_admin"] = _Marked(cl.model_admin, names)
    specimen = cl.model(**{cl.pk_attname: _KEY})
    return "".join(unfold_list.items_for_result(marked, specimen, None))


class _Marked:
    """The same ModelAdmin, but its columns give their marks."""

    def __init__(self, model_admin: Any, names: list[str]) -> None:
        self._model_admin = model_admin
        for place, name in enumerate(names, start=1):
            setattr(self, name, _giving(f"{_MARK}{place}z", like=getattr(model_admin, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model_admin, name)


def _giving(mark: str, *, like: Callable[[Any], Any]) -> Callable[[Any], str]:
    """A column with the name and the looks of `like`."""

    @functools.wraps(like)
    def column(_row: Any) -> str:
        return mark

    return column
