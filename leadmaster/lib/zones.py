"""Which time zone data counts: the pinned package's, on every machine alike.

Python asks the host's files first. Where those are older, a deadline would fall at another hour than on the next host.
"""

from __future__ import annotations

import importlib.metadata
import zoneinfo

PACKAGE = "tzdata"


def use_pinned() -> None:
    """Make `zoneinfo` read the package alone. Called before anything asks for a zone."""
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()


def are_pinned() -> bool:
    return zoneinfo.TZPATH == ()


def installed_version() -> str:
    """The package's version, such as 2026.2; empty where it is missing."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return ""
