"""Put claims on the wire. The main thread does all database work; threads only wait on sockets.

A flight goes through phases, and the tick's loop moves each on as its answer arrives:

    asking   the gateway says whether the session is ready (before every message) and shows that we are typing
    typing   nothing waits but the clock
    sending  re-checked, `dispatched_at` committed, the request made; from here on a silence is a doubt

and, when things go wrong, `overdue` (settled as a doubt; its thread may still bring the truth) or `unsettled` (the
answer is here, and the database would not take it yet).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import logging
import random
from collections.abc import Callable
from urllib.parse import urlsplit

from django.db import DatabaseError, InterfaceError, OperationalError

from campaigns.brakes import template
from campaigns.brakes.base import News
from campaigns.engine import answers, diag, gateway_answers, journal, journal_trouble, restore_guard
from campaigns.engine.claim import Claim
from campaigns.engine.compose import compose
from campaigns.engine.dispatch import commit_dispatch, hand_over
from campaigns.engine.io_pool import IoPool, boot_seconds
from campaigns.engine.settle import Answer, settle, withdraw
from campaigns.engine.timing import COLLECT_MARGIN_SECONDS, UNSETTLED_REST, typing_seconds
from campaigns.enums import AutomaticKind
from campaigns.models import Campaign, Envio
from leadmaster.directory.models import Suppression
from leadmaster.lib import stopping
from leadmaster.lib.clock import Clock
from leadmaster.lib.db.retry import retrying
from whatsapp import sessions
from whatsapp.gateways.base import (
    Capability,
    Gateway,
    GatewayConfig,
    GatewayError,
    Scope,
    SendResult,
    SessionStatus,
)

logger = logging.getLogger(__name__)

OpenGateway = Callable[[GatewayConfig], Gateway]

_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


class Phase(enum.Enum):
    ASKING = "asking"
    TYPING = "typing"
    SENDING = "sending"
    OVERDUE = "overdue"
    UNSETTLED = "unsettled"


@dataclasses.dataclass(kw_only=True)
class Flight:
    claim: Claim
    config: GatewayConfig
    gateway: Gateway
    phase: Phase
    since: dt.datetime
    due: dt.datetime  # when this phase ends by itself
    dispatched_at: dt.datetime | None = None
    answer: SendResult | GatewayError | None = None  # of an unsettled one
    answered_at: dt.datetime | None = None


class Flights:
    """Everything in the air of one tick."""

    def __init__(self, *, clock: Clock, io: IoPool, open_gateway: OpenGateway, rng: random.Random) -> None:
        self._clock = clock
        self._io = io
        self._open_gateway = open_gateway
        self._rng = rng
        self._flights: dict[object, Flight] = {}
        self.outcomes: dict[str, int] = {}
        # How many freed their lane, or will never do so themselves.
        self.landed = 0
        # Campaigns of which something became known since `news` was last taken.
        self._news: dict[int, Campaign] = {}
        self._line_days: dict[int, int] = {}
        self.troubled_sessions: set[int] = set()
        self.troubled_campaigns: set[int] = set()
        # The database or the journal failed: this tick claims no more, and ends what is in the air.
        self.in_trouble = False

    def __len__(self) -> int:
        """How many still have something to say that we wait for."""
        return sum(flight.phase is not Phase.OVERDUE for flight in self._flights.values())

    def lane_ids(self) -> set[int]:
        """The lanes that these flights hold; an overdue one was settled, and its lane is free."""
        return {flight.claim.lane_id for flight in self._flights.values() if flight.phase is not Phase.OVERDUE}

    def next_due(self) -> dt.datetime | None:
        return min((f.due for f in self._flights.values() if f.phase is not Phase.OVERDUE), default=None)

    def take_news(self) -> News:
        """Whose messages landed since this was last asked."""
        news = News(self._news, self._line_days)
        self._news, self._line_days = {}, {}
        return news

    def start(self, claim: Claim) -> None:
        """Ask whether the session is ready; the answer comes back through `advance`."""
        now = self._clock.now()
        try:
            config = claim.slot.session.gateway_config()
            gateway = self._open_gateway(config)
        except Exception as error:  # noqa: BLE001 - one session's bad configuration stops that session only
            refusal = gateway_answers.no_gateway(error)
            settle(claim, Answer(result=refusal, dispatched_at=None, duration_ms=0), now=now, rng=self._rng)
            self.landed += 1
            self._note(claim, refusal, now)
            return
        self._flights[claim.token] = Flight(
            claim=claim,
            config=config,
            gateway=gateway,
            phase=Phase.ASKING,
            since=now,
            due=now + dt.timedelta(seconds=3 * config.call_timeout),
        )
        seconds = typing_seconds(claim.text) if _shows_typing(claim) else 0.0
        self._io.submit(claim.token, functools.partial(_ask, gateway, claim.phone, seconds))

    def advance(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for answers, then move on every flight whose time has come."""
        for key, result in self._io.collect(timeout):
            flight = self._flights.get(key)
            if flight is not None:
                self._guarded(flight, functools.partial(self._answered, flight, result))
        now = self._clock.now()
        for flight in [f for f in self._flights.values() if f.due <= now]:
            self._guarded(flight, functools.partial(self._timed, flight))

    # --- Answers and the clock -----------------------------------------------------------------------------------

    def _answered(self, flight: Flight, result: object) -> None:
        if flight.phase is Phase.ASKING:
            self._asked(flight, result)
        else:
            self._settle(flight, gateway_answers.what_became(result))

    def _asked(self, flight: Flight, result: object) -> None:
        error = gateway_answers.why_not_ready(result)
        if error is None:
            typing = typing_seconds(flight.claim.text) if _shows_typing(flight.claim) else 0.0
            flight.phase = Phase.TYPING
            flight.due = self._clock.now() + dt.timedelta(seconds=typing)
            return
        self._settle(flight, error, status=result if isinstance(result, SessionStatus) else None)

    def _timed(self, flight: Flight) -> None:
        if flight.phase is Phase.TYPING:
            self._dispatch(flight)
        elif flight.phase is Phase.ASKING:
            self._settle(flight, gateway_answers.no_answer_to_status())
        elif flight.phase is Phase.SENDING:
            # The total deadline: requests' own time-out only bounds each read.
            self._settle(flight, gateway_answers.no_answer(flight.config.send_timeout))
        elif flight.answer is not None:
            self._settle(flight, flight.answer)

    def _dispatch(self, flight: Flight) -> None:
        # The boot clock is read first: whoever is stopped from here on finds the dispatch stale.
        claim, started, now = flight.claim, boot_seconds(), self._clock.now()
        deadline = dt.timedelta(seconds=flight.config.send_timeout)
        message = compose(claim, now)
        if isinstance(message, GatewayError):
            self._settle(flight, message)
            return
        ending = stopping.requested()
        if claim.campaign is None and answers.over_because(claim.envio_id, now) is not None:
            self._drop(flight, now)
            return
        if ending or not commit_dispatch(claim, now, deadline=deadline) or not self._written_down(claim, now):
            self._drop(flight, now)
            return
        diag.step("dispatched", envio=claim.envio_id, session=claim.slot.session.pk)
        flight.phase, flight.dispatched_at, flight.since = Phase.SENDING, now, now
        flight.due = now + deadline
        self._io.submit(claim.token, functools.partial(hand_over, flight.gateway, message, since=started))

    def _written_down(self, claim: Claim, now: dt.datetime) -> bool:
        try:
            journal.write(claim.token, claim.client_message_id, now, journal.person_key(claim.phone, claim.text))
        except OSError as error:
            # What could not be told after a restore must not leave.
            self.in_trouble = True
            journal_trouble.tell(error, now)
            return False
        return True

    def _drop(self, flight: Flight, now: dt.datetime) -> None:
        """Not to be sent after all: say why, and give the claim back."""
        claim = flight.claim
        suppression = None if _confirms_opt_out(claim) else Suppression.objects.holding(claim.phone)
        withdraw(claim, suppression=suppression, written_to=restore_guard.was_written_to(claim, now), now=now)
        self._count("withdrawn")
        self._land(flight)

    # --- Settling ------------------------------------------------------------------------------------------------

    def _settle(
        self, flight: Flight, result: SendResult | GatewayError, *, status: SessionStatus | None = None
    ) -> None:
        """Write the answer. One that the database can't take now is kept, and written a little later."""
        claim, now = flight.claim, self._clock.now()
        try:
            state = settle(claim, _answer(flight, result, now), now=now, rng=self._rng)
        except (OperationalError, InterfaceError):
            if not self._keep(flight, result, now):
                raise
            return
        self._count(state or "lost")
        if claim.campaign is not None and claim.session_day_id is not None:
            self._news[claim.campaign.pk] = claim.campaign
            self._line_days[claim.slot.session.pk] = claim.session_day_id
        if flight.phase is Phase.SENDING and now >= flight.due:
            flight.phase, flight.due = Phase.OVERDUE, _NEVER
            self.landed += 1
        else:
            self._land(flight)
        self._note(claim, status or result, now, sending=flight.dispatched_at is not None)

    def _keep(self, flight: Flight, result: SendResult | GatewayError, now: dt.datetime) -> bool:
        """Whether the tick still waits for the database. After that the lease and the gateway tell what became of it."""
        self.in_trouble = True
        flight.answered_at = flight.answered_at or now
        if now - flight.answered_at > dt.timedelta(seconds=COLLECT_MARGIN_SECONDS):
            return False
        logger.warning("the database can't take the answer for envío %s yet", flight.claim.envio_id)
        flight.phase, flight.answer, flight.due = Phase.UNSETTLED, result, now + UNSETTLED_REST
        return True

    def _note(
        self, claim: Claim, said: SendResult | GatewayError | SessionStatus, now: dt.datetime, *, sending: bool = False
    ) -> None:
        """Tell the session what was learnt about it, and leave it alone for the rest of this tick."""
        session_id = claim.slot.session.pk
        if isinstance(said, SessionStatus):
            self.troubled_sessions.add(session_id)
            retrying(functools.partial(sessions.record_status, session_id, said, now))
        elif isinstance(said, GatewayError) and said.scope is Scope.CAMPAIGN:
            if claim.campaign is not None:
                self.troubled_campaigns.add(claim.campaign.pk)
                retrying(functools.partial(template.hold, claim.campaign, detail=said.detail, now=now))
        elif isinstance(said, GatewayError) and said.scope is not Scope.MESSAGE:
            self.troubled_sessions.add(session_id)
            retrying(functools.partial(sessions.record_error, session_id, said, now, sending=sending))
        elif isinstance(said, SendResult) and claim.slot.session.mute_since is not None:
            retrying(functools.partial(sessions.record_sent, session_id, now))

    # --- Private -------------------------------------------------------------------------------------------------

    def _guarded(self, flight: Flight, step: Callable[[], None]) -> None:
        """One flight's trouble is its own: the lease gives its row back, and the others land."""
        try:
            step()
        except Exception as error:
            logger.critical("could not write what became of envío %s", flight.claim.envio_id, exc_info=True)
            self.in_trouble = self.in_trouble or isinstance(error, DatabaseError)
            self._land(flight)

    def _land(self, flight: Flight) -> None:
        if self._flights.pop(flight.claim.token, None) is not None:
            self.landed += 1

    def _count(self, what: str) -> None:
        self.outcomes[what] = self.outcomes.get(what, 0) + 1


def _answer(flight: Flight, result: SendResult | GatewayError, now: dt.datetime) -> Answer:
    return Answer(
        result=result,
        dispatched_at=flight.dispatched_at,
        duration_ms=max(0, int(((flight.answered_at or now) - flight.since).total_seconds() * 1000)),
        host=result.host if isinstance(result, SendResult) else urlsplit(flight.config.base_url).netloc,
    )


def _confirms_opt_out(claim: Claim) -> bool:
    """Whether it is for whoever asked for silence, whose exclusion does not keep it back. No query of a campaign's."""
    if claim.campaign is not None:
        return False
    return Envio.objects.filter(pk=claim.envio_id, automatic=AutomaticKind.OPT_OUT).exists()


def _shows_typing(claim: Claim) -> bool:
    # Who wrote a reply has typed it.
    return (
        claim.campaign is not None
        and claim.campaign.typing
        and sessions.has_capability(claim.slot.session, Capability.PRESENCE)
    )


def _ask(gateway: Gateway, phone: str, seconds: float) -> SessionStatus:
    """In a thread: no database here."""
    status = gateway.status()
    if status.ready and seconds:
        try:
            gateway.show_typing(phone, seconds)
        except Exception as error:  # noqa: BLE001 - a courtesy never decides about the message
            diag.step("typing_failed", code=getattr(error, "code", type(error).__name__))
    return status
