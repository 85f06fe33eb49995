"""A small sender in a virtual world, with the means to break it anywhere and to bring it to rest."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

from django.db import connection, models
from django.db.models import Q

from campaigns import receipts
from campaigns.engine import journal, lookup
from campaigns.engine.answers import end_late
from campaigns.engine.sweep_cancelled import sweep_stragglers
from campaigns.engine.tick import TickReport, answer_now, run_tick
from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.models import (
    Attempt,
    Campaign,
    CampaignEvent,
    EarlyReceipt,
    Envio,
    EnvioEvent,
    ForgottenDispatch,
    JournalReport,
    Lane,
    Restore,
    ScheduleDay,
    Sender,
    SenderSwitch,
    SessionDay,
    Tick,
)
from leadmaster.directory.models import Suppression
from leadmaster.ops.models import Alert, Heartbeat
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory
from tests.faults import checker
from tests.faults.world import START, Provider, VirtualClock, VirtualIoPool
from whatsapp import sessions
from whatsapp.gateways.base import Capability, GatewayError
from whatsapp.models import State, WhatsAppSession

MINUTE = dt.timedelta(minutes=1)


class Crash(BaseException):
    """The process is gone: nothing after this point happens, not even what stands in `finally`."""


class World:
    """Clock, provider, rows, and the tick between them."""

    def __init__(self, *, capabilities: Collection[Capability] = (), start: dt.datetime = START) -> None:
        self.clock = VirtualClock(start)
        self.provider = Provider(self.clock, capabilities=capabilities)
        self.rng = random.Random(7)
        self.crashes: Crashes | None = None
        self.neglected: list[str] = []

    @property
    def now(self) -> dt.datetime:
        return self.clock.time

    # --- Rows --------------------------------------------------------------------------------------------------------

    def campaign(self, *, envios: int = 0, delay: int = 1, daily_cap: int = 180, **fields: Any) -> Campaign:
        """A running campaign, open all day, with so many envíos that are due."""
        fields.setdefault("session__state_at", self.now - dt.timedelta(hours=1))
        fields.setdefault("session__capabilities", sorted(one.value for one in self.provider.capabilities))
        campaign: Campaign = CampaignFactory(
            state=CampaignState.RUNNING, typing=False, **{"delay_min": delay, "delay_max": delay, **fields}
        )
        ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED, daily_cap=daily_cap)
        self.fill(campaign, envios)
        return campaign

    def fill(self, campaign: Campaign, envios: int, **fields: Any) -> list[Envio]:
        fields.setdefault("next_due", self.now - dt.timedelta(hours=1))
        rows: list[Envio] = Envio.objects.bulk_create(
            EnvioFactory.build_batch(envios, campaign=campaign, session=campaign.session, **fields)
        )
        return rows

    # --- Time --------------------------------------------------------------------------------------------------------

    def tick(self, minute: dt.datetime | None = None) -> TickReport:
        io = VirtualIoPool(self.clock, self.provider)
        return run_tick(
            minute,
            clock=self.clock,
            io=io if self.crashes is None else _CrashingIoPool(io, self.crashes),
            open_gateway=self.provider.open,
            rng=self.rng,
        )

    def answer_now(self) -> dict[str, int]:
        """What the cluster runs when somebody wrote a reply."""
        io = VirtualIoPool(self.clock, self.provider)
        return answer_now(
            clock=self.clock,
            io=io if self.crashes is None else _CrashingIoPool(io, self.crashes),
            open_gateway=self.provider.open,
            rng=self.rng,
        )

    def next_minute(self) -> None:
        self.clock.time = self.clock.time.replace(second=0, microsecond=0) + MINUTE

    def ask_sessions(self) -> None:
        """What the cluster's other task does every minute, through the provider of this world."""
        asked = WhatsAppSession.objects.filter(paused_at__isnull=True)
        if not self.provider.state and self.provider.status_error is None:
            # All is well out there: whoever is READY would only be told so again.
            asked = asked.exclude(state=State.READY)
        for session in asked.filter(Q(probe_at__isnull=True) | Q(probe_at__lte=self.now)):
            try:
                status = self.provider.open(session.gateway_config()).status()
            except GatewayError as error:
                sessions.record_error(session.pk, error, self.now)
            else:
                sessions.record_status(session.pk, status, self.now)

    def run_minutes(self, minutes: int) -> None:
        """So many minutes of a healthy cluster. A lane that two ticks left alone is noted: see `findings`."""
        begun: list[dt.datetime] = []
        for _ in range(minutes):
            begun.append(self.minute())
            self._note_neglect(begun)

    def minute(self) -> dt.datetime:
        """One minute of a healthy cluster; returns when its tick began."""
        self.next_minute()
        self.ask_sessions()
        began = self.now
        self.tick()
        self.look_up()
        return began

    def _note_neglect(self, begun: Sequence[dt.datetime]) -> None:
        """I9, when the clock went forward all the while."""
        if len(begun) >= 2 and begun[-2] < begun[-1] <= self.now:
            self.neglected += checker.neglected(self.now, since=begun[-2])

    def look_up(self) -> None:
        """What the cluster's second task does every minute."""
        receipts.apply_orphans(self.now)
        sweep_stragglers(self.now)
        end_late(self.now)
        lookup.run_lookups(self.now, open_gateway=self.provider.open)

    def restart(self) -> None:
        """A new process, long enough after the old one died that its leases have run out."""
        self.crashes = None
        connection.close()
        self.clock.time += dt.timedelta(minutes=6)

    def come_to_rest(self, *, minutes: int = 40) -> None:
        """A healthy world until nothing is left to do. Raises AssertionError when that takes longer."""
        begun: list[dt.datetime] = []
        for _ in range(minutes):
            begun.append(self.minute())
            self._note_neglect(begun)
            if not self._something_left():
                return
        raise AssertionError(f"no rest after {minutes} minutes: {self.states()}")

    def _something_left(self) -> bool:
        """In flight, or waiting for nothing but its turn."""
        stopped = Q(session__paused_at__isnull=False) | Q(session__cold_until__gt=self.now)
        goes = Q(campaign__state=CampaignState.RUNNING) | Q(campaign__isnull=True)
        mine = Q(state=EnvioState.PENDING) & goes & ~stopped
        asked = Q(state=EnvioState.UNCERTAIN, lookup_due__isnull=False)
        return Envio.objects.filter(Q(state=EnvioState.SENDING) | mine | asked).exists()

    # --- Judgement ---------------------------------------------------------------------------------------------------

    def findings(self, *, gap: float = 0.0) -> list[str]:
        ledger = self.provider.lines()
        return [*checker.findings(ledger, now=self.now), *checker.overtaken(ledger, gap=gap), *self.neglected]

    def states(self) -> Mapping[str, int]:
        rows = Envio.objects.values_list("state").annotate(count=models.Count("id"))
        return {str(state): count for state, count in rows}


# --- Breaking it -----------------------------------------------------------------------------------------------------


class Crashes:
    """Counts the points at which something may end, and ends it at the `at`-th.

    Points: before every statement, after every one that writes, before and after every COMMIT, and around the wire.
    """

    def __init__(self, *, at: int | None = None, error: BaseException | None = None, only: str = "") -> None:
        self._at = at
        self._error = error or Crash()
        self._only = only
        self.names: list[str] = []

    def point(self, name: str) -> None:
        if self._only and self._only not in name:
            return
        self.names.append(name)
        if len(self.names) - 1 == self._at:
            raise self._error

    @contextlib.contextmanager
    def armed(self) -> Iterator[None]:
        # A COMMIT goes past the wrappers of statements.
        real = getattr(connection, "_commit")  # noqa: B009 - Django's types don't know it

        def commit() -> None:
            self.point("before COMMIT")
            real()
            self.point("after COMMIT")

        with connection.execute_wrapper(self._around), mock.patch.object(connection, "_commit", commit):
            yield

    def _around(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        name = " ".join(sql.split())[:80]
        self.point(f"before {name}")
        result = execute(sql, params, many, context)
        if not sql.lstrip("( ").upper().startswith(("SELECT", "BEGIN", "SAVEPOINT", "SET")):
            self.point(f"after {name}")
        return result


class _CrashingIoPool:
    def __init__(self, io: VirtualIoPool, crashes: Crashes) -> None:
        self._io = io
        self._crashes = crashes

    def submit(self, key: object, call: Callable[[], object]) -> None:
        self._crashes.point("before submit")
        self._io.submit(key, call)
        self._crashes.point("after submit")

    def collect(self, timeout: float) -> list[tuple[object, object]]:
        found = self._io.collect(timeout)
        if found:
            self._crashes.point("after collect")
        return found

    def close(self) -> None:
        self._io.close()


# --- Starting over ---------------------------------------------------------------------------------------------------


def rows_of(model: type[models.Model]) -> models.QuerySet[models.Model]:
    return model._default_manager.all()


def _empty(model: type[models.Model]) -> None:
    """One DELETE; what refers to these rows went before them."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table}")


# Children first. Sessions, campaigns and people stay: they are what is slow to make.
_MOVING: tuple[type[models.Model], ...] = (
    JournalReport,
    ForgottenDispatch,
    Restore,
    Sender,
    Attempt,
    EnvioEvent,
    Envio,
    Lane,
    EarlyReceipt,
    SessionDay,
    ScheduleDay,
    SenderSwitch,
    Suppression,
    CampaignEvent,
    Tick,
    Heartbeat,
    Alert,
)


Backup = dict[type[models.Model], list[dict[str, Any]]]


def backup() -> Backup:
    """Everything that sending writes, as a dump would hold it."""
    tables: tuple[type[models.Model], ...] = (*_MOVING, Campaign)
    return {model: list(rows_of(model).values()) for model in tables}


def restore(kept: Backup) -> None:
    """The database as it was at `backup`."""
    for model in _MOVING:
        _empty(model)
    for model in reversed(_MOVING):
        rows_of(model).bulk_create([model(**row) for row in kept[model]])
    for row in kept[Campaign]:
        Campaign.objects.filter(pk=row["id"]).update(**row)


def start_over() -> None:
    """Remove what sending wrote and put campaigns and sessions back to where they began. DELETE is what is quick."""
    for model in _MOVING:
        _empty(model)
    journal.path().unlink(missing_ok=True)
    Campaign.objects.update(state=CampaignState.RUNNING, ended_at=None)
    WhatsAppSession.objects.update(
        state=State.READY,
        state_at=START - dt.timedelta(hours=1),
        unreachable_since=None,
        trouble="",
        paused_at=None,
        blocked_until=None,
        cold_until=None,
        probe_at=None,
        probe_failures=0,
    )
