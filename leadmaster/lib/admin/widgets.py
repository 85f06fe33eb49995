"""Form widgets that look like the rest of the admin. unfold has no types; this is the edge where that ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.windows import is_empty, overlap

if TYPE_CHECKING:
    from django.forms import CheckboxInput as BooleanWidget
    from django.forms import FileInput as BaseFileWidget
    from django.forms import Select as SelectWidget
    from django.forms import Textarea as TextareaWidget
    from django.forms import TextInput as TextWidget
else:
    from unfold.widgets import UnfoldAdminFileFieldWidget as BaseFileWidget
    from unfold.widgets import UnfoldAdminSelectWidget as SelectWidget
    from unfold.widgets import UnfoldAdminTextareaWidget as TextareaWidget
    from unfold.widgets import UnfoldAdminTextInputWidget as TextWidget
    from unfold.widgets import UnfoldBooleanWidget as BooleanWidget

__all__ = [
    "BaseFileWidget",
    "BooleanWidget",
    "ChecksWidget",
    "DateWidget",
    "SecretWidget",
    "SelectWidget",
    "TextWidget",
    "TextareaWidget",
    "WeekdaysField",
    "WindowsField",
]


class DateWidget(forms.DateInput):
    """The browser's own calendar, in the viewer's language."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"type": "date", "class": "lm-input lm-date", **(attrs or {})}, format="%Y-%m-%d")


class SecretWidget(forms.PasswordInput):
    """Write-only: what is stored never goes to the browser."""

    template_name = "widgets/secret.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "new-password", "class": "lm-input", **(attrs or {})}, render_value=False)


class ChecksWidget(forms.CheckboxSelectMultiple):
    """A list of check boxes that scrolls: nobody has to know what Ctrl does to a click."""

    template_name = "widgets/checks.html"


class WeekdaysWidget(forms.CheckboxSelectMultiple):
    template_name = "widgets/weekdays.html"

    def format_value(self, value: Any) -> list[str]:
        return list(value or "")


class WeekdaysField(forms.MultipleChoiceField):
    """Digits in order, Monday is 0, as seven check boxes."""

    def __init__(self, *, names: Sequence[Any], **kwargs: Any) -> None:
        choices = [(str(digit), name) for digit, name in enumerate(names)]
        super().__init__(choices=choices, widget=WeekdaysWidget, **kwargs)

    def clean(self, value: Any) -> Any:
        return "".join(sorted(super().clean(value)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return "".join(sorted(initial or "")) != "".join(sorted(data or ""))


class WindowsWidget(forms.Widget):
    """Pairs of opening and closing times, with an empty pair to add one."""

    template_name = "widgets/windows.html"
    _PAIRS = 3

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        pairs = [tuple(map(_as_text, pair)) for pair in value or []]
        pairs += [("", "")] * max(self._PAIRS - len(pairs), 1)
        context["widget"]["pairs"] = pairs
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[tuple[str, str]]:
        getlist = getattr(data, "getlist", lambda key: data.get(key, []))
        pairs = zip(getlist(f"{name}_opens"), getlist(f"{name}_closes"), strict=False)
        return [(opens, closes) for opens, closes in pairs if opens or closes]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}_opens" not in data


class WindowsField(forms.Field):
    """A list of (opens, closes); closing at 00:00 is the end of the day, and before the opening it is the next day's.

    Refuses those that overlap. `every_day`: they are those of each day, so one after midnight meets the next day's.
    """

    widget = WindowsWidget

    def __init__(self, *, every_day: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.every_day = every_day

    def to_python(self, value: Any) -> list[tuple[dt.time, dt.time]]:
        windows = sorted(_pair(opens, closes) for opens, closes in value or [])
        if overlap(windows, every_day=self.every_day):
            raise forms.ValidationError(_("Hay dos ventanas que se pisan: sepáralas o únelas en una."))
        return windows

    def has_changed(self, initial: Any, data: Any) -> bool:
        def texts(pairs: Any) -> list[tuple[str, str]]:
            return sorted((_as_text(opens), _as_text(closes)) for opens, closes in pairs or [])

        return texts(initial) != texts(data)


def _pair(opens: str, closes: str) -> tuple[dt.time, dt.time]:
    field = forms.TimeField()
    if not opens or not closes:
        raise forms.ValidationError(_("Cada ventana necesita su hora de apertura y su hora de cierre."))
    pair = field.clean(opens), field.clean(closes)
    if is_empty(*pair):
        raise forms.ValidationError(_("La ventana abre y cierra a la misma hora."))
    return pair


def _as_text(moment: Any) -> str:
    return moment.strftime("%H:%M") if isinstance(moment, dt.time) else str(moment)[:5]
