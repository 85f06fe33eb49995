"""The checks of every app, in the order in which the settings name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from leadmaster.ops.reconciliation.check import Check


def all_checks() -> list[Check[Any]]:
    """One of each. By name in the settings, because this room lies below those that bring them."""
    return [kind() for name in settings.RECONCILIATION for kind in import_string(name)]


def check_named(name: str) -> Check[Any] | None:
    """The one of this name; None for a name that an older version used."""
    return next((check for check in all_checks() if check.name == name), None)


def areas() -> list[str]:
    """The words of the command line, each once, in the order of the checks."""
    return list(dict.fromkeys(check.area for check in all_checks()))


def checks_of(names: Sequence[str]) -> list[Check[Any]]:
    """The checks of these areas; all of them for none."""
    return [check for check in all_checks() if not names or check.area in names]
