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
from campaigns.brakes import watch
from campaigns.engine import diag, journal_trouble
from campaigns.engine.answers import ReplySlot, waiting_lines
from campaigns.engine.claim import (
    AnySlot,
    Candidate,
    candidates,
    claim,
    ensure_lanes,
    ensure_lanes_of,
    held_elsewhere,
    next_due_of,
    worker_name,
)
from campaigns.engine.idle_check import HEARTBEAT, glance
from campaigns.engine.io_pool import IoPool, ThreadIoPool
from campaigns.engine.plan import Plan, ensure_days, make_plan
from campaigns.engine.reap import reap
from campaigns.engine.restore_guard import begin, guard_against_restore
from campaigns.engine.send import Flights, OpenGateway
from campaigns.engine.timing import CLAIM_BATCH, CLAIM_SECONDS, LOOK_AGAIN, MAX_PER_LANE, PLAN_SECONDS
from campaigns.enums import WhyNot
from campaigns.models import Tick
from leadmaster.lib import stopping
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
    parked, usable = _guard(clock.now()) if seen.forgotten else (0, True)
    reaped = reap(clock.now(), rng=rng) if seen.stale else 0
    loop = _TickLoop(tick, clock=clock, io=io, open_gateway=open_gateway, rng=rng)
    if usable:
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


def answer_now(
    *,
    clock: Clock | None = None,
    io: IoPool | None = None,
    open_gateway: OpenGateway = open_real_gateway,
    rng: random.Random | None = None,
) -> dict[str, int]:
    """What people wrote goes out between two minutes: claim, send and settle replies alone. Returns the outcomes.

    Like a tick it may run any number of times, at once, or die anywhere; what it leaves is the next tick's. It waits for
    no lane that somebody else holds: they look for replies themselves when they are done.
    """
    clock = clock or DatabaseClock()
    seen = glance(clock.now())
    if not seen.written:
        return {}
    _parked, usable = _guard(clock.now()) if seen.forgotten else (0, True)
    loop = _TickLoop(
        None,
        clock=clock,
        io=io,
        open_gateway=open_gateway,
        rng=rng or random.Random(),  # noqa: S311 - pacing, not a secret
    )
    if usable:
        loop.run()
    return loop.outcomes


def _guard(now: dt.datetime) -> tuple[int, bool]:
    """How many envíos were parked, and whether the journal can be used: without it nothing may leave."""
    try:
        return guard_against_restore(now), True
    except OSError as error:
        journal_trouble.tell(error, now)
        return 0, False


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
    """Claim until the next minute's tick takes over, then only collect. It never ends while a line will be free first.

    Without a tick it sends replies alone, and ends when none of them can go.
    """

    def __init__(
        self,
        tick: Tick | None,
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
        self._answering: dict[int, ReplySlot] = {}
        # When to look at the lanes again by ourselves. None: nothing more falls due in this tick.
        self._next_look: dt.datetime | None = clock.now()
        self._landed = 0
        self._per_lane: dict[int, int] = {}
        self._without_due: set[int] = set()
        self._exhausted: set[int] = set()
        self.claimed = 0
        self.outcomes: dict[str, int] = {}
        self.waiting: dict[int, str] = {}

    def run(self) -> None:
        self._replan()
        self._look_for_replies(self._clock.now())
        if not self._plan.slots and not self._answering and self._plan_changes_at() is None:
            return
        if not self._begin():
            return
        io = self._io or ThreadIoPool(settings.SENDER_THREADS)
        flights = Flights(clock=self._clock, io=io, open_gateway=self._open_gateway, rng=self._rng)
        try:
            self._claim_due(flights)
            while self._next_look is not None or len(flights):
                flights.advance(self._patience(flights))
                self._claim_due(flights)
        finally:
            self.outcomes = flights.outcomes
            io.close()
        if self._tick is None:
            return
        watch.look(flights.take_news(), self._clock.now())
        lifecycle.finish_done(self._clock.now())

    def _begin(self) -> bool:
        """Begin a new epoch. False when the journal can't be written: then nothing is claimed."""
        now = self._clock.now()
        try:
            begin(now)
        except OSError as error:
            journal_trouble.tell(error, now)
            planned = {slot.campaign.pk for slots in self._plan.slots.values() for slot in slots}
            self.waiting |= dict.fromkeys(planned, WhyNot.JOURNAL)
            return False
        retrying(partial(journal_trouble.is_over, now))
        return True

    # --- Claiming ------------------------------------------------------------------------------------------------

    def _claim_due(self, flights: Flights) -> None:
        """Put in the air what is due, and set `_next_look`. Whatever goes wrong here, what is in the air still lands."""
        if not self._something_changed(flights):
            return
        self._next_look = None
        if flights.in_trouble:
            self._stop_claiming = self._clock.now()
        try:
            if self._clock.now() >= self._plan_due:
                # Before the plan, so that it knows what a brake holds.
                watch.look(flights.take_news(), self._clock.now())
            if self._may_claim():
                self._next_look = self._claim_round(flights)
        except Exception:
            logger.critical("this tick claims no more", exc_info=True)
            self._stop_claiming = self._clock.now()

    def _something_changed(self, flights: Flights) -> bool:
        """Lanes fall due by the clock, by a landing, or with another plan: in between there is nothing to ask for."""
        now, landed_before = self._clock.now(), self._landed
        self._landed = flights.landed
        if flights.in_trouble or stopping.requested() or self._landed != landed_before or now >= self._plan_due:
            return True
        return self._next_look is not None and now >= self._next_look

    def _may_claim(self) -> bool:
        """Whether this tick still claims; every few seconds it asks who else does, and makes the plan anew."""
        now = self._clock.now()
        if stopping.requested():
            self._stop_claiming = now
        if now >= self._stop_claiming:
            return False
        if now >= self._plan_due:
            if self._taken_over():
                self._stop_claiming = now
                return False
            self._replan()
        return True

    def _claim_round(self, flights: Flights) -> dt.datetime | None:
        """Claim every lane that is due. Returns when the next may be, or None when none will in this tick."""
        now = self._clock.now()
        slots = self._open_slots(flights, now)
        answering = [key for key, group in slots.items() if isinstance(group[0], ReplySlot)]
        free = candidates(slots, until=self._stop_claiming, answering=answering)
        lanes = [lane for lane in free if self._has_room(lane)]
        room = settings.SENDER_THREADS - len(flights)
        due = [lane.lane_id for lane in lanes if lane.next_due <= now or lane.session_id in answering][:room]
        before = self.claimed
        for start in range(0, len(due), CLAIM_BATCH):
            self._launch(due[start : start + CLAIM_BATCH], slots, flights)
        if self.claimed > before:
            return now
        return self._quiet_until(slots, [lane.next_due for lane in lanes if lane.next_due > now], flights)

    def _launch(self, lane_ids: list[int], slots: dict[int, list[AnySlot]], flights: Flights) -> None:
        """Claim these lanes and start what they took; what was found empty or exhausted is left alone for a while."""
        found = claim(lane_ids, slots, now=self._clock.now())
        self._without_due |= found.without_due
        self._exhausted |= found.exhausted
        for one in found.claims:
            self._per_lane[one.lane_id] = self._per_lane.get(one.lane_id, 0) + 1
            self.claimed += 1
            flights.start(one)
        if found.claims:
            flights.advance(0)

    def _quiet_until(
        self, slots: dict[int, list[AnySlot]], free_lanes: list[dt.datetime], flights: Flights
    ) -> dt.datetime | None:
        """When something may fall due that isn't now: a free lane, a message, a window, a lane that another tick holds.

        What another tick frees is only seen by looking.
        """
        now = self._clock.now()
        if self._tick is None:
            return None
        changes = min((at for at in (self._next_message(now), self._plan_changes_at()) if at), default=None)
        if changes is not None:
            self._plan_due = min(self._plan_due, changes)
        known = min((at for at in (*free_lanes, changes) if at is not None), default=None)
        glimpse = now + LOOK_AGAIN
        if known is not None and known <= glimpse:
            return known
        return glimpse if held_elsewhere(slots, ours=flights.lane_ids()) else known

    def _next_message(self, now: dt.datetime) -> dt.datetime | None:
        """When the next message of a campaign that had none is due, if that is before this tick's end."""
        return next_due_of(self._without_due, after=now, until=self._stop_claiming) if self._without_due else None

    def _plan_changes_at(self) -> dt.datetime | None:
        """When the first of what keeps a campaign from sending ends, if that is before this tick's end."""
        ends = (standing.until for standing in self._plan.standings.values() if standing.until is not None)
        return min((end for end in ends if self._clock.now() < end < self._stop_claiming), default=None)

    def _open_slots(self, flights: Flights, now: dt.datetime) -> dict[int, list[AnySlot]]:
        """Whom lines answer, and after them the plan without what this tick found empty, exhausted or in trouble.

        Who comes first is drawn anew each time: a line that sends one message a minute gives its only claim of a tick
        to any of its campaigns, and lines that are due together never fall into step.
        """
        self._look_for_replies(now)
        slots: dict[int, list[AnySlot]] = {
            session_id: [slot]
            for session_id, slot in self._answering.items()
            if session_id not in flights.troubled_sessions
        }
        for session_id, group in self._plan.slots.items():
            if session_id in self._exhausted or session_id in flights.troubled_sessions:
                continue
            left = [slot for slot in group if slot.campaign.pk not in self._without_due and now < slot.closes]
            if left:
                turn = self._rng.randrange(len(left))
                slots.setdefault(session_id, []).extend(left[turn:] + left[:turn])
        return slots

    def _has_room(self, lane: Candidate) -> bool:
        return self._per_lane.get(lane.lane_id, 0) < MAX_PER_LANE

    def _look_for_replies(self, now: dt.datetime) -> None:
        """Written since: each round asks, so that nobody waits for a campaign's message. One query when there is none."""
        self._answering = waiting_lines(now)
        if self._answering:
            retrying(partial(ensure_lanes_of, [slot.session for slot in self._answering.values()], now=now))

    def _taken_over(self) -> bool:
        """Whether the tick of a later minute has begun: what falls due is its work now.

        Nothing rests on it, two that claim at once only waste questions. One that has ended already does no work.
        `pk` keeps out a minute that was written in the future while the database's clock was wrong.
        """
        if self._tick is None:
            return False
        later = Tick.objects.filter(pk__gt=self._tick.pk, minute__gt=self._tick.minute, finished_at__isnull=True)
        return later.exists()

    def _replan(self) -> None:
        now = self._clock.now()
        self._plan_due = now + dt.timedelta(seconds=PLAN_SECONDS)
        if self._tick is None:
            return
        # A tick is alive for a minute: what ended is not "sending" until then.
        lifecycle.finish_done(now)
        self._plan = make_plan(now)
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
        moments = [moment for moment in (self._next_look, flights.next_due()) if moment is not None]
        if now < self._stop_claiming:
            moments.append(self._plan_due)
        if stopping.is_armed():
            # Whoever ends the cluster does not wait for a tick that waits for the clock.
            moments.append(now + LOOK_AGAIN)
        if not moments:
            return 0.0
        return max(0.0, (min(moments) - now).total_seconds())
