"""SIGKILL at random moments, restart, and compare what arrived with what is claimed.

Every contender sends the same messages through the same slow transport, whose ledger is the truth.
"""

from __future__ import annotations

import abc
import collections
import dataclasses
import datetime as dt
import functools
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from post_office.models import STATUS, Email

from campaigns.engine.tick import run_tick
from campaigns.engine.timing import LEASE_SECONDS
from campaigns.enums import EnvioState
from campaigns.models import Envio
from leadmaster.lib.clock import DatabaseClock
from tests.bench import peers, servers, stage
from tests.bench.figures import say, scaled
from tests.bench.outbox.models import Message
from tests.bench.outbox.transport import delivered

LANES = 20
FIRST_MINUTE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
# Seconds without a delivery after which a contender has nothing left that it would do by itself; a start takes longer.
QUIET, START = 8.0, 60.0


@dataclasses.dataclass(frozen=True)
class Book:
    """What a contender's own table says: keys by what is claimed of them."""

    sent: set[str]
    waiting: set[str]  # will be tried again by itself
    doubtful: set[str]  # shown to a person as "nobody knows"
    stuck: set[str]  # neither: no part of the system will look at it again


class Contender(abc.ABC):
    name: str
    promise: str

    @abc.abstractmethod
    def fill(self, messages: int) -> None: ...

    @abc.abstractmethod
    def start(self, nth: int) -> list[subprocess.Popen[bytes]]:
        """Start or restart the workers; `nth` counts the starts."""

    @abc.abstractmethod
    def book(self) -> Book: ...

    quiet = QUIET


class Engine(Contender):
    name, promise = "engine, 2 ticks", "doubt is kept"

    def fill(self, messages: int) -> None:
        stage.fill(stage.open_lines(LANES), each=messages // LANES)

    def start(self, nth: int) -> list[subprocess.Popen[bytes]]:
        return [servers.start([servers.PYTHON, "-m", "tests.bench.part", "kills", str(nth)]) for _ in range(2)]

    def book(self) -> Book:
        by_state = collections.defaultdict(set)
        for state, key in Envio.objects.values_list("state", "client_message_id"):
            by_state[state].add(str(key))
        return Book(
            sent=by_state[EnvioState.SENT],
            waiting=by_state[EnvioState.PENDING] | by_state[EnvioState.SENDING],
            doubtful=by_state[EnvioState.UNCERTAIN] | by_state[EnvioState.ERROR],
            stuck=set(),
        )


class CeleryContender(Contender):
    quiet = 25.0  # Redis gives unacknowledged tasks back on a timer of ten seconds, after the visibility time-out

    def __init__(self, url: str, claim: str) -> None:
        self._url, self._claim = url, claim
        self.name = f"Celery, acks late, {claim}"
        self.promise = {"again": "at least once", "once": "at most once"}[claim]

    def fill(self, messages: int) -> None:
        peers.fill_outbox(messages)
        servers.enqueue(self._url)

    def start(self, nth: int) -> list[subprocess.Popen[bytes]]:
        return [servers.start_celery(self._url, processes=4, CELERY_CLAIM=self._claim, VISIBILITY_TIMEOUT="5")]

    def book(self) -> Book:
        by_state = collections.defaultdict(set)
        for state, key in Message.objects.values_list("state", "pk"):
            by_state[state].add(str(key))
        waiting, stuck = by_state["pendiente"], by_state["enviando"]
        if self._claim == "again":
            waiting, stuck = waiting | stuck, set()
        return Book(sent=by_state["enviado"], waiting=waiting, doubtful=set(), stuck=stuck)


class PostOffice(Contender):
    name, promise = "post_office, batches of 100", "at least once"

    def fill(self, messages: int) -> None:
        peers.fill_mailbox(messages, backend="ledger")

    def start(self, nth: int) -> list[subprocess.Popen[bytes]]:
        return [
            servers.start(
                [servers.PYTHON, "-m", "django", "send_queued_mail", "--lockfile", f"{os.environ['LEDGER']}-lock"],
                DJANGO_SETTINGS_MODULE="tests.bench.settings",
            )
        ]

    def book(self) -> Book:
        by_state = collections.defaultdict(set)
        for state, recipients in Email.objects.values_list("status", "to"):
            by_state[state].add(recipients[0].partition("@")[0])
        return Book(
            sent=by_state[STATUS.sent],
            waiting=by_state[STATUS.queued] | by_state[STATUS.requeued],
            doubtful=set(),
            stuck=by_state[STATUS.failed],
        )


def run(*child: str) -> None:
    if child:
        _keep_ticking(int(child[0]))
        return
    messages, kills = scaled("KILL_MESSAGES", 600), scaled("KILLS", 6)
    say(f"  {messages:,} messages, 40 ms each; all workers SIGKILLed {kills} times, 20 to 90 deliveries after a start")
    say(f"    {'':<28} arrived  twice  lost  phantoms  doubtful (arrived)  seconds")
    _trial(Engine(), messages, kills)
    for claim in ("again", "once"):
        with servers.redis() as url:
            _trial(CeleryContender(url, claim), messages, kills)
    _trial(PostOffice(), messages, kills)


def _trial(contender: Contender, messages: int, kills: int) -> None:
    rng = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="leadmaster-ledger-") as folder:
        ledger = Path(folder) / "ledger"
        os.environ["LEDGER"] = str(ledger)
        contender.fill(messages)
        started = time.monotonic()
        for nth in range(kills):
            goal = _lines(ledger) + rng.randint(20, 90)
            _work(contender, nth, ledger, until=functools.partial(_reached, ledger, goal))
        nth = kills
        # Then in peace, until nothing moves by itself any more.
        while (before := contender.book()).waiting and nth < kills + 5:
            _work(contender, nth, ledger, until=lambda: not contender.book().waiting)
            nth += 1
            if contender.book() == before:
                break
        seconds = time.monotonic() - started
        _report(contender, ledger, seconds)


def _work(contender: Contender, nth: int, ledger: Path, *, until: Callable[[], bool]) -> None:
    """Start the workers, and SIGKILL them once `until` holds or nothing has moved for a while."""
    workers = contender.start(nth)
    give_up, lines = time.monotonic() + START, _lines(ledger)
    try:
        while not until() and time.monotonic() < give_up and any(worker.poll() is None for worker in workers):
            time.sleep(0.05)
            if (now := _lines(ledger)) != lines:
                give_up, lines = time.monotonic() + contender.quiet, now
    finally:
        for worker in workers:
            servers.kill(worker)


def _reached(ledger: Path, goal: int) -> bool:
    return _lines(ledger) >= goal


def _lines(ledger: Path) -> int:
    return sum(delivered(ledger).values())


def _report(contender: Contender, ledger: Path, seconds: float) -> None:
    arrived, book = delivered(ledger), contender.book()
    twice = sum(count - 1 for count in arrived.values())
    lost = len((book.stuck | book.waiting) - set(arrived))
    phantoms = len(book.sent - set(arrived))
    doubtful = f"{len(book.doubtful)} ({len(book.doubtful & set(arrived))})"
    say(
        f"    {contender.name:<28} {len(arrived):>7} {twice:>6} {lost:>5} {phantoms:>9} {doubtful:>19} {seconds:>8.0f}"
        f"   {contender.promise}"
    )


# --- The engine's worker -------------------------------------------------------------------------------------------


class LaterClock(DatabaseClock):
    """The database's time moved on, so that nobody has to sit out the leases of the killed."""

    def __init__(self, ahead: dt.timedelta) -> None:
        super().__init__()
        self._ahead = ahead

    def now(self) -> dt.datetime:
        return super().now() + self._ahead


def _keep_ticking(nth: int) -> None:
    from tests.bench.outbox.gateway import InProcessGateway

    clock = LaterClock(dt.timedelta(seconds=nth * (LEASE_SECONDS + 1)))
    minute = FIRST_MINUTE + dt.timedelta(hours=nth)
    while Envio.objects.filter(state__in=[EnvioState.PENDING, EnvioState.SENDING]).exists():
        run_tick(minute, clock=clock, open_gateway=InProcessGateway)
        minute += dt.timedelta(minutes=1)
