"""The shape that all brakes share."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import ClassVar, Protocol

from campaigns.enums import BrakeKind
from campaigns.models import Campaign
from leadmaster.accounts.models import User


@dataclasses.dataclass(frozen=True)
class News:
    """Whose messages landed since the last look: sent, refused, or in doubt."""

    campaigns: Mapping[int, Campaign]


class Brake(Protocol):
    kind: ClassVar[BrakeKind]

    def look(self, news: News, now: dt.datetime) -> bool:
        """Judge those that have news, in a few queries of bounded cost. True when it took hold of anything."""

    def held(self, campaign: Campaign, now: dt.datetime) -> str:
        """Why it holds this campaign now, as the end of a sentence; empty when it doesn't."""

    def lift(self, campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
        """Let go of what it holds. Runs in the caller's transaction, which checked that they may."""
