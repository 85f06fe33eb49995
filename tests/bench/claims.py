"""Claiming ten lanes while the table holds a million messages sent before."""

from __future__ import annotations

import random
import time

from campaigns.engine.claim import candidates, claim, ensure_lanes
from campaigns.engine.plan import ensure_days, make_plan
from campaigns.engine.settle import Answer, settle
from leadmaster.lib.clock import DatabaseClock
from tests.bench import stage
from tests.bench.figures import say, scaled, tail
from whatsapp.gateways.base import SendResult

LANES = 10


def run() -> None:
    messages, claims = stage.ensure_past(), scaled("CLAIMS", 300)
    stage.fill(stage.open_lines(LANES), each=claims + 10)
    clock, rng = DatabaseClock(), random.Random(1)
    plan = make_plan(clock.now())
    ensure_days(plan)
    ensure_lanes(plan, now=clock.now())
    looks, takes, busy = [], [], []
    for _ in range(claims):
        now, started = clock.now(), time.perf_counter()
        lanes = candidates(plan.slots, until=now)
        looked, began = time.perf_counter(), time.process_time()
        found = claim([lane.lane_id for lane in lanes], plan.slots, now=now)
        took = time.perf_counter()
        busy.append(1000 * (time.process_time() - began))
        assert len(found.claims) == LANES
        looks.append(1000 * (looked - started))
        takes.append(1000 * (took - looked))
        for one in found.claims:
            result = SendResult(message_id=f"true_{one.client_message_id}", http_status=200, host="in-process")
            settle(one, Answer(result=result, dispatched_at=now, duration_ms=1), now=now, rng=rng)
    say(f"  {LANES} lanes a claim, {messages:,} old messages and {LANES * claims:,} pending")
    say(f"    claim, one transaction   {tail(takes, 'ms')}")
    say(f"    own CPU of a claim       {tail(busy, 'ms')}")
    say(f"    finding the free lanes   {tail(looks, 'ms')}")
