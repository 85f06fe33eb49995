"""Start-up check of what the client base's columns are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.utils import translation

from leadmaster.directory.sync.errors import SyncError
from leadmaster.directory.sync.mapping import parse_mapping


def columns_are_understood(**_kwargs: Any) -> Sequence[CheckMessage]:
    # Checks speak English, like the rest of a start; the sentence is the one that a synchronisation would stop with.
    with translation.override("en"):
        try:
            parse_mapping(settings.CLIENTS_MAPPING)
        except SyncError as refused:
            return [checks.Error(str(refused), id="directory.E001")]
    return []


def register_checks() -> None:
    checks.register(columns_are_understood)
