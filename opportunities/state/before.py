"""What a step of the funnel changes, as it was before it: its history line carries it, so that the step can be taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from opportunities.models import Opportunity
from opportunities.state import cooldowns

# Under this name in the data of a history line; no datum of a stage is called so.
BEFORE: Final = "_before"


def noted(row: Opportunity, *, now: dt.datetime, leaves: bool = False) -> dict[str, Any]:
    """Of a locked row, about to be changed at `now`. One query for what leaves its owner: the client's cool-downs."""
    return {
        BEFORE: {
            "at": now.isoformat(),
            "version": row.version,
            "state": row.state,
            "owner": row.owner_id,
            "stage": row.stage_id,
            "stage_since": row.stage_since.isoformat(),
            "state_since": row.state_since.isoformat(),
            "deadline": _iso(row.deadline),
            "paused_seconds": row.paused_seconds,
            "held_until": _iso(row.held_until),
            "hold_since": _iso(row.hold_since),
            "exit_reason": row.exit_reason,
            "data": row.data,
            "cooldowns": cooldowns.snapshot(row.client_id) if leaves else None,
        }
    }


def told(data: dict[str, Any]) -> dict[str, Any]:
    """A history line's data for people and programs: what was told with the step."""
    return {name: value for name, value in data.items() if name != BEFORE}


def moment(before: dict[str, Any], name: str) -> dt.datetime | None:
    text = before[name]
    return None if text is None else dt.datetime.fromisoformat(text)


def _iso(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat()
