"""What several machines count together: in the table that the migrations made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as ours
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from leadmaster.lib import env
from leadmaster.ops.models import CachedValue

TABLE = "ops_cachedvalue"


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BaseCache]:
    monkeypatch.setenv("SHARED_CACHE", "database")
    told = env.cache("SHARED_CACHE", tmp_path, table=TABLE)
    with override_settings(CACHES={**ours.CACHES, "shared": told}):
        yield caches["shared"]


@pytest.mark.django_db
def test_the_table_is_there_and_counts(shared: BaseCache) -> None:
    shared.add("wrong:1", 0, timeout=60)

    assert [shared.incr("wrong:1") for _time in range(3)] == [1, 2, 3]
    assert CachedValue.objects.count() == 1


@pytest.mark.django_db
def test_two_keys_that_differ_in_case_or_accent_are_two(shared: BaseCache) -> None:
    for number, name in enumerate(("josé", "JOSÉ", "jose")):
        shared.set(f"name:{name}", number, timeout=60)

    assert [shared.get(f"name:{name}") for name in ("josé", "JOSÉ", "jose")] == [0, 1, 2]


def test_a_redis_is_named_by_its_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHARED_CACHE", "redis://cache:6379/0")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)

    told = env.cache("SHARED_CACHE", tmp_path, table=TABLE)

    assert told == {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://cache:6379/0"}


def test_a_redis_that_nothing_here_can_talk_to_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHARED_CACHE", "redis://:hunter2@cache:6379/0")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(ImproperlyConfigured, match=r"Install requirements/redis\.txt") as told:
        env.cache("SHARED_CACHE", tmp_path, table=TABLE)

    assert "hunter2" not in str(told.value)
