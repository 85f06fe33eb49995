"""Texts that an app keeps beside messages, and that go with them once they are old enough."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ageing:
    """`rows` are those with words from before a moment; `empty` takes the words out of these ids, in one transaction."""

    kind: str
    rows: Callable[[dt.datetime], QuerySet[Any]]
    empty: Callable[[list[int]], int]
