"""Fields that several rooms' serializers use."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadmaster.lib.api.serializers import Serializer
from leadmaster.lib.ids import MOST_ID

__all__ = ["MOST_ID", "IdsField", "VisibleField", "WallTimeField"]

_WALL_TIME = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$", "example": "09:00"}


class VisibleField(serializers.PrimaryKeyRelatedField[Any]):
    """A row that this person may see, as `get_queryset` of a subclass says. Any other does not exist for them."""

    default_error_messages = {
        "does_not_exist": _("No existe, o no está entre lo que puedes ver."),
        "incorrect_type": _("Escribe el número de la fila."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, int | str):
            self.fail("incorrect_type")
        return super().to_internal_value(data)


class IdsField(serializers.ListField):
    """Numbers of rows, so many at the most. Too many are refused as such, before anybody looks at each of them."""

    def __init__(self, *, most: int, **options: Any) -> None:
        options.setdefault("child", serializers.IntegerField(min_value=1, max_value=MOST_ID))
        super().__init__(max_length=most, **options)
        self._most = most

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > self._most:
            raise serializers.ValidationError(
                _("Son demasiadas filas: manda hasta %(most)d por vez.") % {"most": self._most}
            )
        return super().to_internal_value(data)


@extend_schema_field(_WALL_TIME)
class WallTimeField(serializers.TimeField):
    """What a clock on the wall shows. "time" in OpenAPI means one with an offset, which this has not."""

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%H:%M", "%H:%M:%S"], **options)


class ReasonSerializer(Serializer[Any]):
    """Why, for the history."""

    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class RequiredReasonSerializer(Serializer[Any]):
    """Why, for the history. Somebody will want to know."""

    reason = serializers.CharField(max_length=300)
