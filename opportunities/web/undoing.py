"""The button that takes the last step back: it waits on whatever page comes next, for as long as it is of use."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.http import HttpRequest

from opportunities.funnel.undo import UNDO_FOR
from opportunities.models import Opportunity

_KEY = "desk-undo"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Offer:
    """Which opportunity, the version that the step left, and for how many seconds more."""

    opportunity_id: int
    version: int
    seconds: int


def offer(request: HttpRequest, moved: Opportunity, *, now: dt.datetime) -> None:
    request.session[_KEY] = {"id": moved.pk, "version": moved.version, "until": (now + UNDO_FOR).timestamp()}


def offered(request: HttpRequest, *, now: dt.datetime) -> Offer | None:
    """None where nothing was done, or when its seconds are over."""
    kept = request.session.get(_KEY)
    if kept is None:
        return None
    left = int(kept["until"] - now.timestamp())
    if left <= 0:
        forget(request)
        return None
    return Offer(opportunity_id=kept["id"], version=kept["version"], seconds=left)


def forget(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)
