"""Rows of long admin lists, drawn quickly.

The theme draws a table of two rows with marks in the places of their values; the rows of the page are copies of them with
values of their own. Drawn one by one, fifty rows would make the headers fifty times and a widget for each checkbox: two
thirds of a page's work.

For lists whose columns are methods of their ModelAdmin that give texts: nothing editable, no fields of the model.
"""

from __future__ import annotations

import copy
import functools
import itertools
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.template import Context
from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from unfold.templatetags import unfold_list
from unfold.utils import display_for_value

_BOX: Final = "action_checkbox"
# The frame repeats the page's own address, which anybody may write: a mark must not be guessed. Letters and digits alone
# come through addresses as they are.
_MARK: Final = f"v{secrets.token_hex(8)}v"
_PLACES: Final = re.compile(rf"{_MARK}(\d+)z")
_BODY: Final = re.compile("<tbody.*?</tbody>", re.DOTALL)
_KEY: Final = f"{_MARK}0z"


def table(context: Context, cl: ChangeList) -> SafeString:
    """The theme's table of this page."""
    template = get_template("admin/change_list_results.html")
    found = list(cl.result_list)
    names = [str(name) for name in cl.list_display if name != _BOX]
    specimen = cl.model(**{cl.pk_attname: _KEY})
    marked = copy.copy(cl)
    marked.__dict__.update(model_admin=_Marked(cl.model_admin, names), result_list=[specimen] * min(len(found), 2))
    # The table is the theme's, and its values are escaped.
    drawn = SafeString(template.render({**unfold_list.result_list(context, marked), "cl": cl}))
    if not found:
        return drawn
    # Two specimens, because every other row is shaded.
    start, end = drawn.index("<tbody"), drawn.rindex("</tbody>") + len("</tbody>")
    frames = [_Frame(text) for text in _BODY.findall(drawn[start:end])]
    columns: list[Callable[[Any], Any]] = [getattr(cl.model_admin, name) for name in names]
    empty = cl.model_admin.get_empty_value_display()
    rows = (
        frame.filled([quote(row.pk), *(display_for_value(column(row), empty) for column in columns)])
        for row, frame in zip(found, itertools.cycle(frames))
    )
    return SafeString("".join([drawn[:start], *rows, drawn[end:]]))


class _Frame:
    """A row as the theme drew it, with a mark for each value: 0 for its key, n for the nth column."""

    def __init__(self, drawn: str) -> None:
        # Text and places by turns, as `split` gives them.
        pieces = _PLACES.split(drawn)
        self._texts, self._places, self._end = pieces[:-1:2], [int(place) for place in pieces[1::2]], pieces[-1]

    def filled(self, values: Sequence[Any]) -> str:
        shown = [conditional_escape(value) for value in values]
        parts = (f"{text}{shown[place]}" for text, place in zip(self._texts, self._places, strict=True))
        return "".join([*parts, self._end])


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
