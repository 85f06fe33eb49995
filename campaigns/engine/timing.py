"""The engine's times. Seconds. The inequalities between them are start-up checks (`campaigns.checks`)."""

from __future__ import annotations

import datetime as dt
import random

from django.conf import settings

# How long a claim may hold its lane and envío at the most. More than three times the longest send.
LEASE_SECONDS = 300
# A tick claims until the next one has begun, and for so long at the most; then it only collects. Longer than a minute,
# because the next one may begin late: lanes that fall due meanwhile would wait for it.
CLAIM_SECONDS = 75
# What collecting may take beyond the send deadline: settling, typing, the status question.
COLLECT_MARGIN_SECONDS = 20
# A send that starts later than this after its `dispatched_at` was committed is not made: the process was stopped.
DISPATCH_FRESH_SECONDS = 10
# Messages per lane and tick.
MAX_PER_LANE = 50
# Lanes claimed in one transaction.
CLAIM_BATCH = 25
# The plan is made anew so often while a tick is at work.
PLAN_SECONDS = 5
# A lane that another tick holds is looked at again so soon: nobody tells when it falls free.
LOOK_AGAIN = dt.timedelta(seconds=1)
# Rest of a lane after its session turned out not to be ready. Longer pauses are the session's own (`blocked_until`).
SESSION_REST = dt.timedelta(seconds=30)
# Rest of a lane whose claim was withdrawn: by then the plan knows what the last look before the socket knew.
WITHDRAWN_REST = dt.timedelta(seconds=PLAN_SECONDS)
# When somebody is tried again of whom nobody has said yet whether they asked to be left alone.
DOUBT_REST = dt.timedelta(minutes=10)
# Rest of a lane after a reply. Campaigns wait for their own pace as well.
REPLY_REST = dt.timedelta(seconds=2)
# An answer that the database could not take is written again so often, and given up after COLLECT_MARGIN_SECONDS.
UNSETTLED_REST = dt.timedelta(seconds=2)
# When an uncertain envío is asked about: so long after it became uncertain, and after each empty answer.
LOOKUP_AFTER = tuple(dt.timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600))

_BACKOFF_FIRST = 30.0
_BACKOFF_MAX = 3600.0
_TYPING_PER_CHARACTER = 0.04
_TYPING_MAX = 8.0


def lease() -> dt.timedelta:
    """How long a claim holds: three deadlines and what comes before the socket, so that short deadlines recover soon."""
    return dt.timedelta(seconds=min(LEASE_SECONDS, 3 * settings.SESSION_MANAGER_SEND_TIMEOUT + 30))


def back_off(attempts: int, *, rng: random.Random) -> dt.timedelta:
    """30 s · 2ⁿ⁻¹ with ±20 % jitter, one hour at the most; `attempts` counts the one that just failed."""
    seconds = min(_BACKOFF_FIRST * 2 ** max(0, min(attempts, 20) - 1), _BACKOFF_MAX)
    return dt.timedelta(seconds=min(seconds * rng.uniform(0.8, 1.2), _BACKOFF_MAX))


def typing_seconds(text: str) -> float:
    """How long a person would need for the last stretch of this text; eight seconds at the most."""
    return min(len(text) * _TYPING_PER_CHARACTER, _TYPING_MAX)
