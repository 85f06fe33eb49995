"""Forms that write what the person changed and leave alone what others changed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.db.models import Model

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:

    class _ModelForm(forms.ModelForm[M]): ...
else:

    class _ModelForm(forms.ModelForm):
        def __class_getitem__(cls, _model: object) -> type:
            return cls


class SeenForm(_ModelForm[M]):
    """Each field comes with the value that the person was shown: only a field that is another one now was changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        for name, field in self.fields.items():
            field.show_hidden_initial = not self.is_bound or self.add_initial_prefix(name) in self.data

    def shown(self, name: str) -> Any:
        """What the person was shown; what is saved now, to whoever sends no word about it."""
        field = self.fields[name]
        sent = self.add_initial_prefix(name)
        return field.to_python(self.data.get(sent)) if sent in self.data else self.initial.get(name)

    def save_changed(self, *, apart: frozenset[str] = frozenset()) -> None:
        """Write the columns that the person changed, those `apart` excepted. A new row is written whole."""
        if self.instance.pk is None:
            self.instance.save()
            return
        columns = {field.name for field in self.instance._meta.concrete_fields}
        changed = columns.intersection(self.changed_data) - apart
        if changed:
            self.instance.save(update_fields=sorted(changed))
