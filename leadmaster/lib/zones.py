"""Which time zone data counts: the pinned package's, on every machine alike.

Python asks the host's files first. Where those are older, a deadline would fall at another hour than on the next host.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.resources
import zoneinfo
from collections.abc import Mapping

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


def zone_named(name: str) -> zoneinfo.ZoneInfo | None:
    """None for what names no zone, whatever it is: a folder of zones (`America`), a path, or a text of a megabyte."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def country_of(zone: str) -> str:
    """The country where this zone's clocks hang, such as AR; empty for UTC and its kin, which are nobody's."""
    return _countries().get(_canonical().get(zone, zone), "")


@functools.cache
def _countries() -> Mapping[str, str]:
    """Each zone's country: the package's `zone.tab` has one line for every zone of a country."""
    lines = (line.split("\t") for line in _read("zone.tab") if line and not line.startswith("#"))
    return {line[2]: line[0] for line in lines}


@functools.cache
def _canonical() -> Mapping[str, str]:
    """Other names of zones, such as America/Buenos_Aires. Names that a country's line knows stay as they are."""
    links = (line.split() for line in _read("tzdata.zi") if line.startswith("L "))
    return {alias: zone for _link, zone, alias in links if alias not in _countries()}


def _read(name: str) -> list[str]:
    return importlib.resources.files(f"{PACKAGE}.zoneinfo").joinpath(name).read_text(encoding="utf-8").splitlines()
