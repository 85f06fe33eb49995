"""The serializers that every room's API stands on: what they don't know is refused by name, and a change writes what was
sent and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.utils import html

from leadmaster.lib import changes

M = TypeVar("M", bound=Model)
T = TypeVar("T")

if TYPE_CHECKING:
    Base = serializers.Serializer[Any]
else:
    Base = object

# So much of a name goes back into the answer, and so many of the known ones are told.
_MOST_OF_A_NAME = 60
_MOST_NAMES = 30
# Browsers' forms carry it beside the data.
_BESIDE_THE_DATA = frozenset({"csrfmiddlewaretoken"})


def unknown_names(given: Iterable[str], known: Iterable[str]) -> dict[str, list[str]]:
    """A refusal for each of `given` that is not among `known`."""
    allowed = sorted(known)
    told = ", ".join(allowed[:_MOST_NAMES]) + ("…" if len(allowed) > _MOST_NAMES else "")
    sentence = _("No hay un dato con este nombre. Hay: %(known)s.") % {"known": told}
    if not allowed:
        sentence = _("No hay un dato con este nombre: esta solicitud no lleva ninguno.")
    return {name[:_MOST_OF_A_NAME]: [sentence] for name in sorted(set(given) - set(allowed))}


class KnownFields(Base):
    """A misspelt field would otherwise be left out without a word, and the act done more widely than it was meant."""

    def to_internal_value(self, data: Any) -> Any:
        refused = {**self._missing(data), **self._refused(data)} if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if refused and isinstance(error.detail, dict):
                raise ValidationError({**refused, **error.detail}) from None
            raise
        if refused:
            raise ValidationError(refused)
        return value

    def _missing(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        """A change may leave out fields of its own. What it holds is new, and whole: DRF asks the outermost alone."""
        if self.parent is None or not getattr(self.root, "partial", False):
            return {}
        needed = (name for name, field in self.fields.items() if field.required and not field.read_only)
        return {name: [str(self.fields[name].error_messages["required"])] for name in needed if name not in data}

    def _refused(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        names = {str(name) for name in data}
        if html.is_html_input(data):
            # Forms write what is nested as `filters.provincia` and `windows[0]opens`.
            names = {name.partition(".")[0].partition("[")[0] for name in names} - _BESIDE_THE_DATA
        written = {
            name
            for name, field in self.fields.items()
            if not field.read_only and not isinstance(field, serializers.HiddenField)
        }
        read = names & (set(self.fields) - written)
        sentence = _("Este dato solo se lee: no se escribe por aquí.")
        return unknown_names(names - read, written) | {name: [sentence] for name in sorted(read)}


class Serializer(KnownFields, serializers.Serializer[T]):
    pass


class ModelSerializer(KnownFields, serializers.ModelSerializer[M]):
    def update(self, instance: M, validated_data: dict[str, Any]) -> M:
        """Write these columns, and those that keep the time of a change. Whatever else changed while the request was on
        its way stays changed.
        """
        before = changes.values_of(instance, validated_data)
        fields = instance._meta
        many = {field.name for field in fields.many_to_many}
        for name, value in validated_data.items():
            if name not in many:
                setattr(instance, name, value)
        kept = {field.name for field in fields.concrete_fields if getattr(field, "auto_now", False)}
        if columns := set(validated_data) - many:
            instance.save(update_fields=sorted(columns | kept))
        for name in many & set(validated_data):
            getattr(instance, name).set(validated_data[name])
        self._remember(instance, changes.between(before, changes.values_of(instance, validated_data)))
        return instance

    def _remember(self, instance: M, changed: dict[str, list[str]]) -> None:
        """Who changed what by a program stands where the pages' changes stand."""
        request = self.context.get("request")
        changes.remember(instance, by=getattr(request, "user", None), changed=changed)
