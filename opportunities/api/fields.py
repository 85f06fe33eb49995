"""Fields and small forms that the desk's requests share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from leadmaster.accounts.current_user import current_user
from leadmaster.lib.api.fields import MOST_ID, IdsField, VisibleField
from leadmaster.lib.api.idempotency import HEADER, is_valid_key
from leadmaster.lib.api.serializers import Serializer
from opportunities.assignment.request_keys import KEY_LENGTH
from opportunities.models import Promoter, Stage
from opportunities.scope import promoters_of
from opportunities.supervision.frozen import Seen, read

_LONGEST_NAME: Final = 60
_LONGEST_FACT: Final = 300
_MOST_FACTS: Final = 50
MOST_VERSION: Final = 2**31 - 1


class StageField(VisibleField):
    """Stages are everybody's."""

    queryset = Stage.objects.all()


class PromoterField(VisibleField):
    """A promoter of a team that this person supervises."""

    queryset = Promoter.objects.all()

    def get_queryset(self) -> QuerySet[Promoter]:
        return promoters_of(current_user(self.context["request"]))


@extend_schema_field({"type": "string", "pattern": "^[0-9]+:[0-9]+$"})
class SeenField(serializers.Field[Any, Any, Any, Any]):
    """`number:version` of an opportunity: it is decided only while it is as it was seen."""

    def to_internal_value(self, data: Any) -> Seen:
        rows = read(str(data)) if isinstance(data, int | str) and not isinstance(data, bool) else []
        if len(rows) != 1 or not 0 < rows[0].id <= MOST_ID or (rows[0].version or 1) > MOST_VERSION:
            raise serializers.ValidationError(_("Escribe número:versión, por ejemplo 407:3."))
        if not rows[0].version:
            raise serializers.ValidationError(
                _("Falta la versión que viste: escribe %(id)d:versión. Sin ella decidirías sobre lo que nadie miró.")
                % {"id": rows[0].id}
            )
        return rows[0]

    def to_representation(self, value: Seen) -> str:
        return str(value)


class SeenRowsField(IdsField):
    """So many rows at the most, each as it was seen."""

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(most=most, child=SeenField(), **options)


class FactsField(serializers.DictField):
    """What a stage asks for, by name: `{"presupuesto": "12000"}`. Values are kept as text."""

    def __init__(self, **options: Any) -> None:
        child = serializers.CharField(max_length=_LONGEST_FACT, allow_blank=True)
        super().__init__(child=child, required=False, **options)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and len(data) > _MOST_FACTS:
            raise serializers.ValidationError(_("Son demasiados datos para una oportunidad."))
        facts = super().to_internal_value(data)
        name = serializers.CharField(max_length=_LONGEST_NAME)
        return {name.run_validation(key): value for key, value in facts.items()}


class VersionSerializer(Serializer[Any]):
    """`version` is the one that you looked at: if somebody changed the opportunity meanwhile, nothing is done."""

    version = serializers.IntegerField(min_value=1, max_value=MOST_VERSION)


KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    required=True,
    description=(
        f"Hasta {KEY_LENGTH} caracteres visibles, por ejemplo un UUID. La operación la guarda para siempre: repetirla, "
        "aunque la primera se haya cortado, responde lo mismo y no entrega nada más."
    ),
)


def key_of(request: Request) -> str:
    """The key that the operation itself keeps. Raises ValidationError when it is missing or can't be kept."""
    key = request.headers.get(HEADER, "")
    if not is_valid_key(key) or len(key) > KEY_LENGTH:
        raise serializers.ValidationError(
            {
                HEADER: [
                    _("Hace falta: entre 1 y %(most)d caracteres visibles, por ejemplo un UUID.") % {"most": KEY_LENGTH}
                ]
            }
        )
    return key
