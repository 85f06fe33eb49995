"""The shape that all kinds of rules share."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import ClassVar, Protocol

from campaigns.enums import AutomaticKind
from campaigns.models import AutomaticRule, Conversation, Reply


@dataclasses.dataclass(frozen=True, kw_only=True)
class Moment:
    """Somebody wrote `reply` in this conversation."""

    conversation: Conversation
    reply: Reply
    now: dt.datetime


class Kind(Protocol):
    kind: ClassVar[AutomaticKind]

    def applies(self, rule: AutomaticRule, moment: Moment) -> bool:
        """Whether this rule answers this message. At bounded cost."""
