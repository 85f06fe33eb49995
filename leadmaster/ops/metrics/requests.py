"""How long requests take, by what was asked for, in coarse words: their addresses would be labels without an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram

_AREAS: Final = {
    "admin": "admin",
    "api": "api",
    "webhooks": "webhooks",
    "static": "static",
    "healthz": "watching",
    "readyz": "watching",
    "metrics": "watching",
}
_OTHERS: Final = "desk"
_METHODS: Final = frozenset({"GET", "POST"})

# Several processes of one gunicorn share these through files: see deploy/gunicorn.conf.py.
REQUEST_SECONDS: Final = Histogram(
    "leadmaster_request_seconds",
    "Requests that this web server answered, by how long it took",
    ["area", "method", "status"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=None,
)


class RequestTimesMiddleware:
    """The first of all, so that what the others do counts too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        REQUEST_SECONDS.labels(area(request.path), _method(request), f"{response.status_code // 100}xx").observe(
            time.perf_counter() - started
        )
        return response


def area(path: str) -> str:
    """One of six words, whatever strangers ask for."""
    return _AREAS.get(path.lstrip("/").partition("/")[0], _OTHERS)


def _method(request: HttpRequest) -> str:
    return request.method if request.method in _METHODS else "other"
