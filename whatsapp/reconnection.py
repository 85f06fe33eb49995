"""Lines that come back by themselves: who lost the network is connected again, later each time; who needs a person is not.

When to try next stands in the line's row, so that every cluster reads the same and one of them takes the turn: it writes
the next time before it asks. Nobody dials for a line that a person closed, that rests, that lost its link or was banned,
or whose gateway does not answer: that one is asked again by `sessions.refresh_all` until it does.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db.models import F, Q

from leadmaster.lib.language import in_project_language
from whatsapp import sessions
from whatsapp.gateways.base import Capability, GatewayConfig, GatewayError
from whatsapp.gateways.registry import open_gateway
from whatsapp.models import WhatsAppSession
from whatsapp.standing import needs_pairing

logger = logging.getLogger(__name__)

FIRST: Final = dt.timedelta(seconds=30)
LONGEST: Final = dt.timedelta(minutes=30)
# A share of each wait, either way: many lines of one gateway don't come back in the same second.
JITTER: Final = 0.25
_THREADS = 16


def delay(tries: int, rng: random.Random) -> dt.timedelta:
    """How long to wait after so many tries: 30 s, 1 min, 2 min… half an hour, a quarter more or less."""
    wait = min(FIRST * int(2 ** min(tries, 12)), LONGEST)
    return wait * rng.uniform(1 - JITTER, 1 + JITTER)


def comes_back(line: WhatsAppSession) -> bool:
    """Whether it is connected again by itself: it lost the network, and nothing waits for a person."""
    return (
        line.paired_at is not None
        and Capability.CONNECT.value in line.capabilities
        and line.unreachable_since is None
        and not needs_pairing(line)
    )


@in_project_language
def run(now: dt.datetime, *, rng: random.Random | None = None) -> int:
    """Take the turns that have come. Returns how many lines were dialled. One query when none is down."""
    rng = rng or random.Random()  # noqa: S311 - when to dial, not a secret
    lost = [line for line in WhatsAppSession.objects.lost().order_by("id") if comes_back(line)]
    mine = [line for line in lost if _take_turn(line, now, rng)]
    return dial(mine, now)


def dial(lines: Sequence[WhatsAppSession], now: dt.datetime) -> int:
    """Ask the gateways to open these lines, many at once, and write down what became of it."""
    if not lines:
        return 0
    with ThreadPoolExecutor(max_workers=min(_THREADS, len(lines))) as pool:
        errors = list(pool.map(_open, [line.gateway_config() for line in lines]))
    for line, error in zip(lines, errors, strict=True):
        if error is None:
            _close_again_if_asked(line)
            sessions.refresh(line, now)
        else:
            sessions.record_error(line.pk, error, now)
    return len(lines)


def _close_again_if_asked(line: WhatsAppSession) -> None:
    """Somebody closed it, or put it to rest, while it was being dialled: their word was later, and holds."""
    closed = Q(closed_at__isnull=False) | Q(rested_at__isnull=False)
    if not WhatsAppSession.objects.filter(closed, pk=line.pk).exists():
        return
    try:
        open_gateway(line.gateway_config()).disconnect()
    except GatewayError:
        logger.warning("line %s was closed while it was dialled, and its gateway did not close it again", line.pk)


def _take_turn(line: WhatsAppSession, now: dt.datetime, rng: random.Random) -> bool:
    """Whether it is this line's turn, and ours: of all clusters one moves the time on. The first look only sets it."""
    if line.reconnect_at is not None and now < line.reconnect_at <= now + LONGEST * (1 + JITTER):
        return False
    tries = line.reconnect_tries
    mine = WhatsAppSession.objects.lost().filter(
        pk=line.pk, reconnect_at=line.reconnect_at, reconnect_tries=line.reconnect_tries
    )
    if line.reconnect_at is None:
        mine.update(reconnect_at=now + delay(tries, rng))
        return False
    return bool(mine.update(reconnect_at=now + delay(tries + 1, rng), reconnect_tries=F("reconnect_tries") + 1))


def _open(config: GatewayConfig) -> GatewayError | None:
    """In a thread: no database here."""
    try:
        open_gateway(config).connect()
    except GatewayError as error:
        return error
    return None
