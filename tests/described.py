"""The API's own description, as tests of both halves read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import schemathesis
from django.core.cache import cache
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from leadmaster.accounts.models import User
from leadmaster.api import desk_router
from leadmaster.wsgi import application
from tests.factories.accounts import token_of

METHODS = ("get", "post", "put", "patch", "delete")
CHECKS: list[Any] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# So many made-up requests of each operation, the same at every run.
made_up: Callable[[Any], Any] = hypothesis_settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
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


def check_answered_as_described(operation: Any, data: st.DataObject, *, by: User, rows: Mapping[str, int]) -> None:
    """A made-up request, one of two about a row that exists: never a 500, never an answer that is not described."""
    case = data.draw(operation.as_strategy())
    cache.clear()  # the throttle is not what is tried
    if case.path_parameters and int(case.path_parameters.get("id") or 0) % 2 == 0:
        case.path_parameters["id"] = rows[resource(case.path)]

    # As it is written: the caller that we borrow does not unpack what a browser would.
    response = case.call(headers={"Authorization": f"Token {token_of(by)}", "Accept-Encoding": "identity"})

    assert response.status_code != 500
    case.validate_response(response, checks=CHECKS)
