"""Tables of long admin lists, by a template of our own: `admin/fast_table.html`.

The theme asks for every header again at each row, and draws a widget for each checkbox: two thirds of a page's work at
fifty rows. Here what is the same in every row is worded once per page.

For lists whose columns are methods of their ModelAdmin that give texts: nothing editable, no fields of the model, no
sections or actions of a row. The first column leads to the page of its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import display_for_value, quote
from django.contrib.admin.views.main import ChangeList
from django.template import Context
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import checkbox
from unfold.templatetags.unfold_list import result_headers

_BOX: Final = "action_checkbox"

Cell = Callable[[Any], str]


def table(context: Context, cl: ChangeList) -> dict[str, Any]:
    """What the template shows: headers as the theme sorts them, and each row as the HTML of its cells."""
    headers = list(result_headers(cl))
    return {
        "cl": cl,
        "result_headers": headers,
        "num_sorted_fields": sum(bool(header["sortable"] and header["sorted"]) for header in headers),
        "rows": _rows(cl, [str(header["text"]) for header in headers]) if cl.result_list else (),
        "has_add_permission": cl.model_admin.has_add_permission(context["request"]),
    }


def _rows(cl: ChangeList, labels: list[str]) -> Iterator[SafeString]:
    cells = list(_cells(cl, labels))
    for row in cl.result_list:
        # Each of them escaped what it was given.
        yield SafeString("".join([cell(row) for cell in cells]))


def _cells(cl: ChangeList, labels: list[str]) -> Iterator[Cell]:
    """How to draw each column, in their order. A label is shown beside its value on a phone."""
    leads = True
    for name, label in zip(map(str, cl.list_display), labels, strict=True):
        if name == _BOX:
            yield _box()
            continue
        shown = _shown(cl, name)
        yield _link(cl, shown, name=name, label=label) if leads else _text(shown, name=name, label=label)
        leads = False


def _shown(cl: ChangeList, name: str) -> Cell:
    """The value of a column as it is shown, escaped."""
    column: Callable[[Any], Any] = getattr(cl.model_admin, name)
    empty = cl.model_admin.get_empty_value_display()
    return lambda row: conditional_escape(display_for_value(column(row), empty))


def _text(shown: Cell, *, name: str, label: str) -> Cell:
    opening = format_html('<td class="field-{}" data-label="{}">', name, label)
    return lambda row: f"{opening}{shown(row)}</td>"


def _link(cl: ChangeList, shown: Cell, *, name: str, label: str) -> Cell:
    """To the page of the row, which leads back to this list as it is filtered now."""
    before = format_html('<th scope="row" class="field-{}" data-label="{}"><a href="{}', name, label, _page_of_all(cl))
    after = format_html('/change/{}">', f"?{cl.preserved_filters}" if cl.preserved_filters else "")
    return lambda row: f"{before}{conditional_escape(quote(row.pk))}{after}{shown(row)}</a></th>"


def _page_of_all(cl: ChangeList) -> str:
    """Pages of rows stand below it. Asking for the address of each of them would take longer than drawing it."""
    return reverse(f"admin:{cl.opts.app_label}_{cl.opts.model_name}_changelist")


def _box() -> Cell:
    """The theme's checkbox, by which actions know what was chosen."""
    before = format_html(
        '<td class="action-checkbox" data-label="{}"><input type="checkbox" name="{}" value="',
        checkbox.attrs["aria-label"],
        ACTION_CHECKBOX_NAME,
    )
    after = format_html('"{}></td>', format_html_join("", ' {}="{}"', checkbox.attrs.items()))
    return lambda row: f"{before}{conditional_escape(row.pk)}{after}"
