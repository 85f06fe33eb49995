"""The reasons that a team gives most, for whoever has to give one."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterable, Sequence
from typing import Final

from opportunities.enums import EventKind
from opportunities.models import OpportunityEvent, Stage

# What was told lately says how people put it.
_LOOKED: Final = 200
_SHOWN: Final = 5
# One who wrote it may have written of one client; what two wrote is a reason.
_OFTEN: Final = 2
_LONGEST: Final = 60
_KINDS = (EventKind.EXITED, EventKind.CLOSED)


def usual_reasons(team_id: int, stages: Sequence[Stage]) -> dict[int, list[str]]:
    """By stage, the most frequent first. Two queries of bounded work, none without stages."""
    if not stages:
        return {}
    names = {stage.pk: stage.name for stage in stages}
    told = itertools.chain.from_iterable(_lately(kind) for kind in _KINDS)
    counts: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for team, stage, reason in told:
        text = " ".join(reason.split())
        if team == team_id and stage in names and 0 < len(text) <= _LONGEST and text != names[stage]:
            counts[stage][text[0].upper() + text[1:]] += 1
    return {
        stage: [text for text, number in counter.most_common(_SHOWN) if number >= _OFTEN]
        for stage, counter in counts.items()
    }


def _lately(kind: EventKind) -> Iterable[tuple[int, int | None, str]]:
    """Team, stage and reason, the newest of this kind."""
    events = OpportunityEvent.objects.filter(kind=kind).order_by("-at")[:_LOOKED]
    return events.values_list("opportunity__team", "to_stage", "reason")
