"""The API's own description, as tests of both halves read it."""

from __future__ import annotations

from typing import Any

import schemathesis
from drf_spectacular.generators import SchemaGenerator
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from leadmaster.api import desk_router
from leadmaster.wsgi import application

METHODS = ("get", "post", "put", "patch", "delete")
CHECKS: list[Any] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_DESK = {prefix for prefix, _viewset, _name in desk_router.registry}
_WHOLE = SchemaGenerator().get_schema(public=True)


def resource(path: str) -> str:
    """`campaigns` of `/api/v1/campaigns/{id}/launch/`."""
    return path.split("/")[3]


def of_desk(path: str) -> bool:
    return resource(path) in _DESK


def operations(*, desk: bool) -> set[tuple[str, str]]:
    """(method, path) of all that the desk, or the rest of the product, offers."""
    return {
        (method, path)
        for path, found in _WHOLE["paths"].items()
        for method in found
        if method in METHODS and of_desk(path) is desk
    }


def examples(*, desk: bool) -> list[Any]:
    """The same, to make requests of. Made while tests are collected, so that each is a test of its own."""
    schema = schemathesis.openapi.from_dict(_WHOLE)
    schema.app = application
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return [operation for operation in found if of_desk(operation.path) is desk]
