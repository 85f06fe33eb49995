"""Everybody who may ask the API for something, and what each of them is answered: for the tests of both apps."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import pytest
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from rest_framework.test import APIClient

from leadmaster.accounts.models import Team, User

PEOPLE = ("owner", "colleague", "boss", "outsider", "other_boss", "anonymous")
# Administrators alone.
NOBODY = (403, 403, 403, 403, 403, 401)

_keys = itertools.count()


def new_key() -> str:
    return f"clave-{next(_keys)}"


@pytest.fixture(autouse=True)
def unhurried() -> Iterator[None]:
    """Throttles count in the cache: no test pays for another one's requests."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A request that ends closes its connection, and with it the transaction that the test runs in."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@dataclasses.dataclass(frozen=True, kw_only=True)
class People:
    """`owner` and `colleague` are promoters of the team that `boss` supervises; the others are of another team."""

    owner: User
    colleague: User
    boss: User
    outsider: User
    other_boss: User
    admin: User
    team: Team

    def client(self, who: str) -> APIClient:
        """`who` is the name of a person above, or "anonymous"."""
        client = APIClient(raise_request_exception=True)
        if who != "anonymous":
            client.force_authenticate(getattr(self, who))
        return client

    def post(self, who: str, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Any:
        """Each with a key of its own, unless one is given."""
        return self.client(who).post(path, body or {}, headers={"Idempotency-Key": key or new_key()})


W = TypeVar("W", bound=People)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation(Generic[W]):
    """One operation. `seed` makes its row and returns the id; `expected` are the answers in the order of PEOPLE."""

    method: str
    path: str
    expected: tuple[int, ...]
    seed: Callable[[W], Any] = lambda world: None
    body: Callable[[W], dict[str, Any]] = lambda world: {}
    format: str = "json"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def ask(self, world: W, who: str, id_: object, body: dict[str, Any] | None = None) -> Any:
        """The answer that this person gets about the row of that id."""
        ask = getattr(world.client(who), self.method)
        path = self.path.replace("{id}", str(id_))
        if self.method == "get":
            return ask(path, body)
        return ask(path, body, format=self.format, headers={"Idempotency-Key": new_key()})

    def check_answer(self, world: W, who: str) -> None:
        response = self.ask(world, who, self.seed(world), self.body(world))

        assert response.status_code == self.expected[PEOPLE.index(who)], response.content
        if response.status_code >= 400:
            assert set(response.json()["error"]) == {"code", "message", "fields"}

    def check_hidden(self, world: W) -> None:
        """Another team's row and a number that never was get the same answer, word for word."""
        theirs, body = self.seed(world), self.body(world)

        answers = [self.ask(world, "other_boss", number, body) for number in (theirs, 987_654_321)]

        assert answers[0].status_code == answers[1].status_code == 404
        assert answers[0].json() == answers[1].json()


def only_team(ok: int) -> tuple[int, ...]:
    """Owner and boss; for the rest it does not exist."""
    return (ok, 404, ok, 404, 404, 401)


def only_boss(ok: int) -> tuple[int, ...]:
    """The boss; promoters lack the role, the other boss the row."""
    return (403, 403, ok, 403, 404, 401)


def all_people(ok: int) -> tuple[int, ...]:
    return (ok, ok, ok, ok, ok, 401)


def bosses(ok: int) -> tuple[int, ...]:
    return (403, 403, ok, 403, ok, 401)
