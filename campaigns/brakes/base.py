"""The shape that all brakes share."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import ClassVar, Protocol

from campaigns.brakes.newest_tries import Tries, newest_tries
from campaigns.enums import BrakeKind
from campaigns.models import Campaign
from leadmaster.accounts.models import User


@dataclasses.dataclass(frozen=True)
class News:
    """Whose messages landed since the last look: sent, refused, or in doubt."""

    campaigns: Mapping[int, Campaign]
    # The day's row of each line, by session: what it sent hangs on it.
    line_days: Mapping[int, int] = dataclasses.field(default_factory=dict)
    _read: list[Tries] = dataclasses.field(default_factory=list, repr=False, compare=False)

    def tries(self, now: dt.datetime) -> Tries:
        """Their newest tries, read when the first brake asks."""
        if not self._read:
            self._read.append(newest_tries(self.campaigns.values(), now))
        return self._read[0]


class Watcher(Protocol):
    def look(self, news: News, now: dt.datetime) -> bool:
        """Judge those that have news, in a few queries of bounded cost. True when it took hold of anything."""


class Brake(Watcher, Protocol):
    """Of a campaign. A line's brake is a `Watcher` that holds the line through `whatsapp.sessions`, which lets go too."""

    kind: ClassVar[BrakeKind]

    def held(self, campaign: Campaign, now: dt.datetime) -> str:
        """Why it holds this campaign now, as the end of a sentence; empty when it doesn't."""

    def lift(self, campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
        """Let go of what it holds. Runs in the caller's transaction, which checked that they may."""
