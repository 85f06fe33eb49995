"""Filters that several rooms' lists use."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from leadmaster.lib.api.fields import MOST_ID


@extend_schema_field({"type": "integer", "minimum": 0})
class IdFilter(filters.NumberFilter):
    """The number of another row. One that no column holds is refused by name; SQLite would not take it at all."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, min_value=0, max_value=MOST_ID, **options)

    def get_max_validator(self) -> None:
        """The field's own."""


class _YesOrNo(forms.Field):
    """`true` or `false`. Anything else is refused: ignored, it would answer another question than the one asked."""

    default_error_messages = {"invalid": _("Escribe true o false.")}
    _meant: Final = {"true": True, "1": True, "false": False, "0": False}

    def to_python(self, value: Any) -> bool | None:
        text = str(value or "").strip().lower()
        if not text:
            return None
        if text not in self._meant:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return self._meant[text]


class BooleanFilter(filters.BooleanFilter):
    field_class = _YesOrNo

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, widget=forms.TextInput, **options)


class ChoicesFilter(filters.MultipleChoiceFilter):
    """Any of these values of a column. The library's own asks for DISTINCT rows, which no column makes necessary and
    for which the database reads and sorts them all."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, distinct=False, **options)
