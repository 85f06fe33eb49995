"""One minute of sending."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import random
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from campaigns import lifecycle
from campaigns.engine import diag
from campaigns.engine.claim import Candidate, candidates, claim, ensure_lanes, worker_name
from campaigns.engine.idle_check import HEARTBEAT, glance
from campaigns.engine.io_pool import IoPool, ThreadIoPool
from campaigns.engine.plan import Plan, Slot, ensure_days, make_plan
from campaigns.engine.reap import reap
from campaigns.engine.restore_guard import begin, guard_against_restore
from campaigns.engine.send import Flights, OpenGateway
from campaigns.engine.timing import CLAIM_BATCH, CLAIM_SECONDS, MAX_PER_LANE, PLAN_SECONDS
from campaigns.errors import WrongState
from campaigns.models import Campaign, Tick
from leadmaster.lib.clock import Clock, DatabaseClock
from leadmaster.lib.db.retry import retrying
from leadmaster.ops.heartbeat import beat
from whatsapp.gateways.registry import open_gateway as open_real_gateway

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TickReport:
    """What one tick did. `ran` is False when another run already had this minute."""

    ran: bool
    claimed: int = 0
    reaped: int = 0
    parked: int = 0
    outcomes: dict[str, int] = dataclasses.field(default_factory=dict)
    waiting: dict[int, str] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


IDLE = TickReport(ran=True)


def run_tick(
    minute: dt.datetime | None = None,
    *,
    clock: Clock | None = None,
    io: IoPool | None = None,
    open_gateway: OpenGateway = open_real_gateway,
    rng: random.Random | None = None,
) -> TickReport:
    """Run one minute: reap, plan, claim, send, settle. Safe to run any number of times, at once, or to die anywhere."""
    clock = clock or DatabaseClock()
    rng = rng or random.Random()  # noqa: S311 - pacing, not a secret
    now = clock.now()
    seen = glance(now)
    tick = _open(minute or now, now, idle=seen.idle)
    if tick is None:
        return TickReport(ran=False)
    if seen.idle:
        return IDLE
    parked = guard_against_restore(clock.now()) if seen.forgotten else 0
    reaped = reap(clock.now(), rng=rng) if seen.stale else 0
    loop = _TickLoop(tick, clock=clock, io=io, open_gateway=open_gateway, rng=rng)
    loop.run()
    report = TickReport(
        ran=True,
        claimed=loop.claimed,
        reaped=reaped,
        parked=parked,
        outcomes=loop.outcomes,
        waiting=loop.waiting,
    )
    _close(tick, report, clock.now())
    return report


def _open(minute: dt.datetime, now: dt.datetime, *, idle: bool) -> Tick | None:
    """Take the first free slot of this minute and beat, or None when other runs have them all.

    A minute without work is closed as it is opened.
    """
    minute, worker = minute.replace(second=0, microsecond=0), worker_name()
    row: dict[str, Any] = {"minute": minute, "worker": worker, "started_at": now}
    if idle:
        row |= {"finished_at": now, "report": IDLE.as_json()}
    for slot in range(settings.SENDER_SLOTS):
        try:
            tick = retrying(partial(Tick.objects.create, slot=slot, **row))
        except IntegrityError:
            continue
        retrying(partial(beat, HEARTBEAT, now=now, detail={"minute": minute.isoformat(), "worker": worker}))
        return tick
    return None


def _close(tick: Tick, report: TickReport, now: dt.datetime) -> None:
    mine = Tick.objects.filter(pk=tick.pk)
    retrying(partial(mine.update, finished_at=now, report=report.as_json()))
    diag.step("tick", claimed=report.claimed, reaped=report.reaped, **report.outcomes)


class _TickLoop:
    """The loop: claim until the next minute's tick takes over, then only collect."""

    def __init__(
        self,
        tick: Tick,
        *,
        clock: Clock,
        io: IoPool | None,
        open_gateway: OpenGateway,
        rng: random.Random,
    ) -> None:
        self._tick = tick
        self._clock = clock
        self._io = io
        self._open_gateway = open_gateway
        self._rng = rng
        self._stop_claiming = clock.now() + dt.timedelta(seconds=CLAIM_SECONDS)
        self._plan = Plan(slots={}, standings={})
        self._plan_due = clock.now()
        self._per_lane: dict[int, int] = {}
        self._without_due: set[int] = set()
        self._exhausted: set[int] = set()
        self.claimed = 0
        self.outcomes: dict[str, int] = {}
        self.waiting: dict[int, str] = {}

    def run(self) -> None:
        self._replan()
        if not self._plan.slots:
            return
        begin(self._clock.now())
        io = self._io or ThreadIoPool(settings.SENDER_THREADS)
        flights = Flights(clock=self._clock, io=io, open_gateway=self._open_gateway, rng=self._rng)
        try:
            while self._still_claims(flights) or len(flights):
                flights.advance(self._patience(flights))
        finally:
            self.outcomes = flights.outcomes
            io.close()
        self._finish_without_due()

    # --- Claiming ------------------------------------------------------------------------------------------------

    def _still_claims(self, flights: Flights) -> bool:
        """Claim; whatever goes wrong with that, what is in the air still lands."""
        self._next_lane: dt.datetime | None = None
        if flights.in_trouble:
            self._stop_claiming = self._clock.now()
        try:
            return self._claims(flights)
        except Exception:
            logger.critical("this tick claims no more", exc_info=True)
            self._stop_claiming = self._clock.now()
            return False

    def _claims(self, flights: Flights) -> bool:
        """Claim what is due now. True while something may still fall due in this tick."""
        now = self._clock.now()
        if now >= self._stop_claiming:
            return False
        if now >= self._plan_due:
            if self._taken_over():
                self._stop_claiming = now
                return False
            self._replan()
        slots = self._open_slots(flights, now)
        lanes = [lane for lane in candidates(slots, until=self._stop_claiming) if self._has_room(lane)]
        room = settings.SENDER_THREADS - len(flights)
        due = [lane.lane_id for lane in lanes if lane.next_due <= now][:room]
        before = self.claimed
        for start in range(0, len(due), CLAIM_BATCH):
            found = claim(due[start : start + CLAIM_BATCH], slots, now=self._clock.now())
            self._without_due |= found.without_due
            self._exhausted |= found.exhausted
            for one in found.claims:
                self._per_lane[one.lane_id] = self._per_lane.get(one.lane_id, 0) + 1
                self.claimed += 1
                flights.start(one)
            if found.claims:
                flights.advance(0)
        later = [lane.next_due for lane in lanes if lane.next_due > now]
        self._next_lane = min(later, default=None)
        # Lanes that were due and found nothing wait for the next tick: it would find no more by asking again here.
        return self.claimed > before or self._next_lane is not None

    def _open_slots(self, flights: Flights, now: dt.datetime) -> dict[int, list[Slot]]:
        """The plan without what this tick found empty, exhausted or in trouble.

        Who comes first is drawn anew each time: a line that sends one message a minute gives its only claim of a tick
        to any of its campaigns, and lines that are due together never fall into step.
        """
        slots = {}
        for session_id, group in self._plan.slots.items():
            if session_id in self._exhausted or session_id in flights.troubled_sessions:
                continue
            left = [slot for slot in group if slot.campaign.pk not in self._without_due and now < slot.closes]
            if left:
                turn = self._rng.randrange(len(left))
                slots[session_id] = left[turn:] + left[:turn]
        return slots

    def _has_room(self, lane: Candidate) -> bool:
        return self._per_lane.get(lane.lane_id, 0) < MAX_PER_LANE

    def _taken_over(self) -> bool:
        """Whether the tick of a later minute has begun: what falls due is its work now.

        Nothing rests on it, two that claim at once only waste questions. `pk` keeps out a minute that was written in
        the future while the database's clock was wrong.
        """
        return Tick.objects.filter(pk__gt=self._tick.pk, minute__gt=self._tick.minute).exists()

    def _replan(self) -> None:
        now = self._clock.now()
        self._plan = make_plan(now)
        self._plan_due = now + dt.timedelta(seconds=PLAN_SECONDS)
        self._without_due.clear()
        self._exhausted.clear()
        self.waiting = {key: standing.reason for key, standing in self._plan.standings.items() if standing.reason}
        if self._plan.slots:
            retrying(partial(ensure_days, self._plan))
            retrying(partial(ensure_lanes, self._plan, now=now))

    # --- Waiting and ending ---------------------------------------------------------------------------------------

    def _patience(self, flights: Flights) -> float:
        """Seconds until something is due by itself: a lane, a flight's phase, the next plan."""
        now = self._clock.now()
        moments = [moment for moment in (self._next_lane, flights.next_due()) if moment is not None]
        if now < self._stop_claiming:
            moments.append(self._plan_due)
        if not moments:
            return 0.0
        return max(0.0, (min(moments) - now).total_seconds())

    def _finish_without_due(self) -> None:
        """Close the campaigns that have nothing open left."""
        for campaign in Campaign.objects.running().filter(pk__in=self._without_due):
            try:
                retrying(partial(lifecycle.finish, campaign, now=self._clock.now()))
            except WrongState:
                continue
