"""The first requests of a web server come at once, and each is described by a library that is not made for that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.utils.module_loading import import_string
from drf_spectacular import plumbing
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from leadmaster.api import DescriptionView
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import Serializer

_NOWHERE = "nowhere.Nothing"


class _Name(Serializer[Any]):
    name = serializers.CharField()


class _Here(DescribedRequests, APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    @extend_schema(request=_Name, responses=_Name)
    def post(self, request: Request) -> Response:
        return Response({"taken": True})


class _There(_Here):
    @extend_schema(request=_Name, responses=_Name)
    def post(self, request: Request) -> Response:
        return Response({"taken": True})


class _Looked:
    """How many threads looked for the extension's class at the same moment."""

    def __init__(self) -> None:
        self.inside, self.most = 0, 0
        self._both = threading.Event()

    def __call__(self, path: str) -> Any:
        if path != _NOWHERE:
            return import_string(path)
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == 2:
            self._both.set()
        self._both.wait(timeout=3)
        self.inside -= 1
        raise ImportError(path)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> _Looked:
    """The library has looked for none of its extensions yet, and one of them takes its time."""
    monkeypatch.setattr(OpenApiSerializerExtension, "_registry", [])

    class _Absent(OpenApiSerializerExtension):
        target_class = _NOWHERE

    looked = _Looked()
    monkeypatch.setattr(plumbing, "import_string", looked)
    return looked


def _post(view: type[APIView]) -> Callable[[], Response]:
    return lambda: view.as_view()(APIRequestFactory().post("/", {"name": "Ana"}, format="json"))


def _read_the_description() -> Response:
    view = DescriptionView.as_view(throttle_classes=(), authentication_classes=(), permission_classes=())
    return view(APIRequestFactory().get("/"))


@pytest.mark.parametrize("other", [_post(_There), _read_the_description], ids=["request", "description"])
def test_the_first_requests_of_a_process_may_come_at_once(looked: _Looked, other: Callable[[], Response]) -> None:
    answers: list[int] = []
    asks = (_post(_Here), other)
    threads = [threading.Thread(target=lambda ask=ask: answers.append(ask().status_code)) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert answers == [200, 200]
    assert looked.most == 1
