"""A line that is connected, sends, and of which nothing reaches the server: it is held, told, and writes to itself.

Only where acknowledgements were heard before: a gateway that never told any proves nothing by its silence. The line
goes on by itself when anything that it sent is acknowledged, its message to itself included, or when a person says so.
"""

from __future__ import annotations

import datetime as dt
import itertools

from django.conf import settings

from campaigns.brakes.base import News
from campaigns.enums import Ack, AttemptOutcome, EnvioState
from campaigns.models import Attempt
from whatsapp import sessions
from whatsapp.line_tests import ask_silent_lines
from whatsapp.models import WhatsAppSession

# The server's acknowledgement comes within seconds of the gateway's answer.
PATIENCE = dt.timedelta(minutes=2)
# More than any line sends within the patience.
_WINDOW = 200


class HalfDeaf:
    def look(self, news: News, now: dt.datetime) -> bool:
        """One query for each line that tells acknowledgements."""
        lines = {campaign.session_id: campaign.session for campaign in news.campaigns.values()}
        held = [
            line
            for line in lines.values()
            if _watched(line) and _is_deaf(line, day_id=news.line_days.get(line.pk, 0), now=now)
        ]
        if held:
            ask_silent_lines(now)
        return bool(held)


def _watched(line: WhatsAppSession) -> bool:
    return bool(_after(line)) and line.heard_at is not None and line.deaf_since is None and sessions.tells_acks(line)


def _after(line: WhatsAppSession) -> int:
    return settings.HALF_DEAF_AFTER if line.deaf_after is None else line.deaf_after


def _is_deaf(line: WhatsAppSession, *, day_id: int, now: dt.datetime) -> bool:
    """Whether so many in a row that it sent since it was last heard or let go reached nobody; then it is held."""
    since = max(at for at in (line.heard_at, line.deaf_cleared_at) if at is not None)
    unheard = [at for at in _sent_unheard(day_id) if at > since]
    if len(unheard) < _after(line) or now - unheard[-1] < PATIENCE:
        return False
    return sessions.hold_deaf(line.pk, silent_since=unheard[-1], now=now)


def _sent_unheard(day_id: int) -> list[dt.datetime]:
    """When those left that were sent since the last acknowledged one, the newest first, by the index of their day."""
    rows = Attempt.objects.filter(session_day=day_id).order_by("-id")
    tries = rows.values_list("outcome", "finished_at", "envio__state", "envio__ack")[:_WINDOW]
    sent = [
        (at, ack) for outcome, at, state, ack in tries if outcome == AttemptOutcome.SENT and state == EnvioState.SENT
    ]
    return [at for at, _ack in itertools.takewhile(lambda one: one[1] == Ack.NONE, sent) if at is not None]
