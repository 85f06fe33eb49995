"""What the django-q2 cluster runs: no arguments, no business. Each may run 0, 1 or 6 times, at once, or die anywhere."""

from __future__ import annotations

import logging

from django.db import transaction
from django_q.tasks import async_task

from campaigns import comeback, receipts, tally, totals, warming
from campaigns import retention as retaining
from campaigns.audience.import_record import interrupt_lost
from campaigns.audience.queued import forget_unconfirmed, run_queued
from campaigns.engine.answers import end_late
from campaigns.engine.lookup import run_lookups
from campaigns.engine.sweep_cancelled import sweep_stragglers
from campaigns.engine.tick import TickReport, answer_now, run_tick
from leadmaster.lib.clock import DatabaseClock, database_now
from leadmaster.ops.heartbeat import beat
from whatsapp import sessions

logger = logging.getLogger(__name__)


def tick() -> str:
    """One minute of sending."""
    clock = DatabaseClock()
    sessions.greet(clock.now())
    report = run_tick(clock=clock)
    told = _told(report) if report.ran else "another run has this minute"
    logger.info("tick: %s", told)
    return told


def _told(report: TickReport) -> str:
    """One line that says what moved: `claimed 12, enviado 11, error 1; 2 campaigns wait (ventana)`."""
    moved = [f"{outcome} {number}" for outcome, number in sorted(report.outcomes.items())]
    line = ", ".join([f"claimed {report.claimed}", *moved, *([f"reaped {report.reaped}"] if report.reaped else [])])
    if not report.waiting:
        return line
    reasons = ", ".join(sorted(set(report.waiting.values())))
    return f"{line}; {len(report.waiting)} waiting: {reasons}"


def lookups() -> str:
    """Ask gateways about uncertain envíos; apply acknowledgements that came too early; end what was cancelled."""
    now = database_now()
    applied = receipts.apply_orphans(now)
    swept = sweep_stragglers(now)
    late = end_late(now)
    settled = run_lookups(now)
    beat("lookups", now=now)
    return f"settled {settled}, applied {applied}, swept {swept}, late {late}"


def answer() -> str:
    """What people wrote in conversations, at once instead of at the next minute."""
    return f"answered {answer_now()}"


def wake() -> None:
    """Have the cluster run `answer`, once the caller's transaction is committed. Should that fail, the next tick does it."""
    transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    async_task("campaigns.tasks.answer", q_options={"task_name": "answer"})


def upkeep() -> str:
    """What nobody asks for: totals and sums written down, imports that lost their process, uploads that nobody confirmed."""
    now = database_now()
    written = totals.write_down_all(now)
    tally.roll_up(now)
    comeback.review(now)
    warming.review(now)
    lost = interrupt_lost(now)
    forgotten = forget_unconfirmed(now)
    return f"wrote down {written}, gave up {lost}, forgot {forgotten}"


def retention() -> str:
    """What is older than the settings keep it."""
    return f"forgot {retaining.forget(database_now(), apply=True)}"


def imports() -> str:
    """Files of recipients that were too big for a web request."""
    return f"imported {run_queued(database_now())}"
