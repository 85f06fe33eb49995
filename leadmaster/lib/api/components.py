"""The error shape as OpenAPI says it. Plain values: settings read them before anything else is there."""

from __future__ import annotations

from typing import Any

ERROR = "Error"

COMPONENTS: dict[str, Any] = {
    "schemas": {
        ERROR: {
            "type": "object",
            "description": "Toda respuesta que dice que no tiene esta forma.",
            "required": ["error"],
            "additionalProperties": False,
            "properties": {
                "error": {
                    "type": "object",
                    "required": ["code", "message", "fields"],
                    "additionalProperties": False,
                    "properties": {
                        "code": {
                            "type": "string",
                            "pattern": "^[a-z0-9_]+$",
                            "description": "Estable, para programas.",
                        },
                        "message": {
                            "type": "string",
                            "minLength": 1,
                            "description": "Una frase para personas: dice qué pasó y qué hacer.",
                        },
                        "fields": {
                            "type": "object",
                            "description": "Qué está mal en cada dato de la solicitud, por ejemplo `windows.0.opens`.",
                            "additionalProperties": {"type": "array", "items": {"type": "string"}},
                        },
                    },
                }
            },
            "example": {
                "error": {
                    "code": "wrong_state",
                    "message": "La campaña “Marzo” está pausada: desde ahí no se puede hacer esto. Actualiza la página.",
                    "fields": {},
                }
            },
        }
    }
}
