"""The OpenAPI description: every operation names its refusals, and every POST its idempotency key."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from leadmaster.lib.api.components import ERROR
from leadmaster.lib.api.idempotency import HEADER, REPLAYED

_ALWAYS = {
    "406": "El formato pedido no existe: la API responde JSON.",
    "429": "Demasiadas solicitudes seguidas; Retry-After dice cuántos segundos esperar.",
    "500": "Algo falló de nuestro lado.",
}
_LOGGED_IN = {"401": "Falta el token o no sirve.", "403": "Tu rol no lo permite."}
_WRITES = {
    "400": "Hay datos que corregir: `fields` dice cuáles.",
    "409": "El estado no lo permite, o la misma solicitud se está atendiendo.",
    "413": "El cuerpo es demasiado grande.",
    "415": "El formato del cuerpo no es el que se espera.",
    "422": "Falta algo antes, o la Idempotency-Key se usó con otra solicitud.",
}
_NOT_FOUND = {"404": "No existe, o no está entre lo que puedes ver."}
_BAD_QUERY = {"400": "Un filtro no es válido: `fields` dice cuál."}
_BAD_QUESTION = {"422": "Los datos no van juntos: `message` dice qué falta."}

# What `lookup_value_regex` of every view set lets through.
_DIGITS = "^[0-9]{1,18}$"
MOST_IN_AN_ADDRESS = 10**18 - 1

_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    required=False,
    description=(
        "Hasta 128 caracteres visibles, por ejemplo un UUID. Repetir la misma solicitud con la misma clave no la hace "
        f"dos veces: devuelve la primera respuesta con `{REPLAYED}: true`."
    ),
)


class ApiSchema(AutoSchema):
    """`refusals` of a view adds statuses of its own: `{"502": "…"}`."""

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        return [*parameters, _KEY] if self._takes_key() else parameters

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Rows are named by number; an address that holds anything else doesn't exist."""
        parameters: list[dict[str, Any]] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in parameters:
            if parameter["schema"].get("pattern") == _DIGITS:
                parameter["schema"] = {"type": "integer", "minimum": 0, "maximum": MOST_IN_AN_ADDRESS}
        return parameters

    def _map_basic_serializer(self, serializer: Any, direction: Literal["request", "response"]) -> dict[str, Any]:
        mapped: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request":
            mapped["additionalProperties"] = False  # `KnownFields` refuses what is not named here
        return mapped

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        refused = {
            "description": "",
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{ERROR}"}}},
        }
        for status, meaning in self._refusals().items():
            bodies.setdefault(status, {**refused, "description": meaning})
        if self._takes_key():
            for status in [code for code in bodies if code.startswith("2")]:
                bodies[status].setdefault("headers", {})[REPLAYED] = {
                    "schema": {"type": "string", "enum": ["true"]},
                    "description": "Esta respuesta es la de la primera vez.",
                }
        return bodies

    def _takes_key(self) -> bool:
        return self.method == "POST" and getattr(self.view, "takes_idempotency_key", False)

    def _refusals(self) -> dict[str, str]:
        refusals = dict(_ALWAYS)
        if self.get_auth():
            refusals |= _LOGGED_IN
        if "{" in self.path:
            refusals |= _NOT_FOUND
        if self.method in ("POST", "PUT", "PATCH", "DELETE"):
            refusals |= _WRITES
        elif self._is_list_view():
            refusals |= _BAD_QUERY | _NOT_FOUND
        elif self.get_override_parameters():
            refusals |= _BAD_QUERY | _BAD_QUESTION
        refusals |= getattr(self.view, "refusals", {})
        return dict(sorted(refusals.items()))
