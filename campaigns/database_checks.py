"""Start-up checks that look into the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Tags

from campaigns import attempt_guard


def closed_attempts_are_kept(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> Sequence[CheckMessage]:
    """Asked with `check --deploy --database default`."""
    if "default" not in (databases or ()) or attempt_guard.is_installed():
        return []
    return [
        checks.Warning(
            "The database lets closed attempts be changed and deleted: whoever reaches it could write what did not happen.",
            hint="Run manage.py attempt_guard install; docs/operations.md says what it needs.",
            id="campaigns.W001",
        )
    ]


def register_checks() -> None:
    checks.register(closed_attempts_are_kept, Tags.database, deploy=True)
