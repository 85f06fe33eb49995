"""The synchronisation that the environment asks for: `CLIENTS_…` as one call."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _

from leadmaster.directory.sync.errors import SyncError
from leadmaster.directory.sync.mapping import parse_mapping
from leadmaster.directory.sync.report import SyncReport
from leadmaster.directory.sync.rows import Reading
from leadmaster.directory.sync.run import BATCH, Progress, synchronise, unseen
from leadmaster.directory.sync.sources import open_source

NAME = "externo"


def synchronise_configured(
    *,
    now: dt.datetime,
    address: str = "",
    name: str = NAME,
    full: bool = False,
    accept_fewer: bool = False,
    batch: int = BATCH,
    progress: Progress = unseen,
    polite: bool = False,
    keep_going: Callable[[], bool] = lambda: True,
) -> SyncReport:
    """`synchronise` from `address`, or from CLIENTS_DATABASE_URL without one. Raises SyncError."""
    if settings.CLIENTS_REGION not in phonenumbers.SUPPORTED_REGIONS:
        raise SyncError(
            "region",
            _("CLIENTS_REGION es %(region)s, que no es un país: escribe uno como MX o AR.")
            % {"region": settings.CLIENTS_REGION},
        )
    reading = Reading(region=settings.CLIENTS_REGION, tz=zoneinfo.ZoneInfo(settings.CLIENTS_TIME_ZONE))
    mapping = parse_mapping(settings.CLIENTS_MAPPING)
    with open_source(address or settings.CLIENTS_DATABASE_URL, mapping, region=reading.region) as source:
        return synchronise(
            source,
            name=name,
            reading=reading,
            now=now,
            full=full,
            accept_fewer=accept_fewer,
            batch=batch,
            progress=progress,
            polite=polite,
            keep_going=keep_going,
        )
