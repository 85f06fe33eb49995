"""Put claims on the wire. The main thread does all database work; threads only wait on sockets.

A flight goes through three phases, and the tick's loop moves each on as its answer arrives:

    asking   the gateway says whether the session is ready (before every message) and shows that we are typing
    typing   nothing waits but the clock
    sending  re-checked, `dispatched_at` committed, the request made; from here on a silence is a doubt
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

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from campaigns.engine import diag, journal
from campaigns.engine.claim import Claim
from campaigns.engine.settle import Answer, settle, withdraw
from campaigns.engine.timing import DISPATCH_FRESH_SECONDS, typing_seconds
from campaigns.engine.wire import Wire, boot_seconds
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Campaign, Envio, SenderSwitch
from leadmaster.directory.models import Suppression
from leadmaster.lib.clock import Clock
from leadmaster.lib.db import drop_broken_connection, is_lost_connection, retrying
from whatsapp import sessions
from whatsapp.gateways.base import (
    Capability,
    Gateway,
    GatewayConfig,
    GatewayError,
    OutboundMessage,
    Outcome,
    Scope,
    SendResult,
    SessionStatus,
)
from whatsapp.models import State

logger = logging.getLogger(__name__)

OpenGateway = Callable[[GatewayConfig], Gateway]


class Phase(enum.Enum):
    ASKING = "asking"
    TYPING = "typing"
    SENDING = "sending"
    OVERDUE = "overdue"  # settled as a doubt; its thread may still bring the truth


@dataclasses.dataclass(kw_only=True)
class Flight:
    claim: Claim
    gateway: Gateway
    config: GatewayConfig
    phase: Phase
    since: dt.datetime
    due: dt.datetime  # when this phase ends by itself
    dispatched_at: dt.datetime | None = None


class Flights:
    """Everything in the air of one tick."""

    def __init__(self, *, clock: Clock, wire: Wire, open_gateway: OpenGateway, chance: random.Random) -> None:
        self._clock = clock
        self._wire = wire
        self._open_gateway = open_gateway
        self._chance = chance
        self._flights: dict[object, Flight] = {}
        self.outcomes: dict[str, int] = {}
        self.troubled_sessions: set[int] = set()
        self.database_failed = False

    def __len__(self) -> int:
        """How many still have something to say that we wait for."""
        return sum(flight.phase is not Phase.OVERDUE for flight in self._flights.values())

    def next_due(self) -> dt.datetime | None:
        return min((f.due for f in self._flights.values() if f.phase is not Phase.OVERDUE), default=None)

    def start(self, claim: Claim) -> None:
        """Ask whether the session is ready; the answer comes back through `advance`."""
        config = claim.slot.session.gateway_config()
        now = self._clock.now()
        flight = Flight(
            claim=claim,
            gateway=self._open_gateway(config),
            config=config,
            phase=Phase.ASKING,
            since=now,
            due=now + dt.timedelta(seconds=3 * config.call_timeout),
        )
        self._flights[claim.token] = flight
        seconds = typing_seconds(claim.text) if _shows_typing(claim) else 0.0
        self._wire.submit(claim.token, functools.partial(_ask, flight.gateway, claim.phone, seconds))

    def advance(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for answers, then move on every flight whose time has come."""
        for key, result in self._wire.collect(timeout):
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
            self._sent(flight, result)

    def _asked(self, flight: Flight, result: object) -> None:
        error = _as_not_ready(result)
        if error is not None:
            self._settle(flight, error)
            return
        typing = typing_seconds(flight.claim.text) if _shows_typing(flight.claim) else 0.0
        flight.phase = Phase.TYPING
        flight.due = self._clock.now() + dt.timedelta(seconds=typing)

    def _timed(self, flight: Flight) -> None:
        if flight.phase is Phase.TYPING:
            self._dispatch(flight)
        elif flight.phase is Phase.ASKING:
            self._settle(flight, _no_answer_to_status())
        elif flight.phase is Phase.SENDING:
            # The total deadline: requests' own time-out only bounds each read.
            self._settle(flight, _no_answer(flight.config.send_timeout), keep=True)

    def _dispatch(self, flight: Flight) -> None:
        claim, now = flight.claim, self._clock.now()
        if not _commit_dispatch(claim, now):
            self._drop(flight, now)
            return
        journal.write(claim.token, claim.client_message_id, now)
        diag.step("dispatched", envio=claim.envio_id, session=claim.slot.session.pk)
        flight.phase, flight.dispatched_at, flight.since = Phase.SENDING, now, now
        flight.due = now + dt.timedelta(seconds=flight.config.send_timeout)
        message = OutboundMessage(phone=claim.phone, text=claim.text, client_message_id=claim.client_message_id)
        self._wire.submit(claim.token, functools.partial(_send, flight.gateway, message, boot_seconds()))

    def _drop(self, flight: Flight, now: dt.datetime) -> None:
        """Not to be sent after all: say why, and give the claim back."""
        claim = flight.claim
        suppressed = Suppression.objects.filter(phone=claim.phone).exists()
        withdraw(claim, suppressed=suppressed, now=now)
        self._count("withdrawn")
        del self._flights[claim.token]

    def _sent(self, flight: Flight, result: object) -> None:
        if isinstance(result, SendResult | GatewayError):
            self._settle(flight, result)
            return
        logger.error("gateway raised %s", type(result).__name__, exc_info=_as_exc(result))
        self._settle(flight, _broken_gateway(result))

    def _settle(self, flight: Flight, result: SendResult | GatewayError, *, keep: bool = False) -> None:
        claim, now = flight.claim, self._clock.now()
        answer = Answer(
            result=result,
            dispatched_at=flight.dispatched_at,
            duration_ms=int((now - flight.since).total_seconds() * 1000),
            host=result.host if isinstance(result, SendResult) else urlsplit(flight.config.base_url).netloc,
        )
        state = settle(claim, answer, now=now, chance=self._chance)
        self._count(state or "lost")
        if keep:
            flight.phase, flight.due = Phase.OVERDUE, dt.datetime.max.replace(tzinfo=dt.UTC)
        else:
            del self._flights[claim.token]
        if isinstance(result, GatewayError) and result.scope is not Scope.MESSAGE:
            self.troubled_sessions.add(claim.slot.session.pk)
            sessions.record_error(claim.slot.session.pk, result, now)

    # --- Private -------------------------------------------------------------------------------------------------

    def _guarded(self, flight: Flight, step: Callable[[], None]) -> None:
        """One flight's database trouble is its own: the lease gives its row back, and this tick claims no more."""
        try:
            step()
        except DatabaseError:
            logger.critical("could not write what became of envío %s", flight.claim.envio_id, exc_info=True)
            self.database_failed = True
            self._flights.pop(flight.claim.token, None)

    def _count(self, what: str) -> None:
        self.outcomes[what] = self.outcomes.get(what, 0) + 1


# --- The last look before the socket ---------------------------------------------------------------------------------


def _commit_dispatch(claim: Claim, now: dt.datetime) -> bool:
    """Commit `dispatched_at` if the message may still go: ours, campaign running, session ready, switch on, no opt-out.

    One guarded UPDATE in autocommit. False also when the connection broke and the row doesn't say that it held.
    """
    if not settings.AUTO_CAMPAIGNS_ENABLED:
        return False
    still_on = SenderSwitch.objects.order_by("-id").values("on")[:1]
    running = Campaign.objects.filter(
        pk=OuterRef("campaign_id"),
        state=CampaignState.RUNNING,
        session__state=State.READY,
        session__paused_at__isnull=True,
    )
    opted_out = Suppression.objects.filter(phone=OuterRef("phone"))
    mine = Envio.objects.filter(pk=claim.envio_id, token=claim.token, state=EnvioState.SENDING)

    def once() -> int:
        return (
            mine.filter(~Exists(opted_out), Exists(running), lease_until__gt=now)
            .alias(switch=Subquery(still_on))
            .filter(Q(switch__isnull=True) | Q(switch=True))
            .update(dispatched_at=now)
        )

    try:
        return retrying(once) == 1
    except DatabaseError as error:
        if not is_lost_connection(error):
            raise
        drop_broken_connection()
        return mine.filter(dispatched_at=now).exists()


# --- In the threads: no database below this line ---------------------------------------------------------------------


def _ask(gateway: Gateway, phone: str, seconds: float) -> SessionStatus:
    status = gateway.status()
    if status.ready and seconds:
        try:
            gateway.show_typing(phone, seconds)
        except GatewayError as error:
            # Showing that we type is a courtesy: it never decides about the message.
            diag.step("typing_failed", code=error.code)
    return status


def _send(gateway: Gateway, message: OutboundMessage, committed: float) -> SendResult:
    if boot_seconds() - committed > DISPATCH_FRESH_SECONDS:
        raise GatewayError(
            _("El proceso estuvo detenido antes de enviar: el mensaje no salió."),
            outcome=Outcome.NOT_SENT,
            scope=Scope.MESSAGE,
            code="STALE_DISPATCH",
        )
    return gateway.send(message)


# --- Answers in the engine's words -----------------------------------------------------------------------------------


def _shows_typing(claim: Claim) -> bool:
    return claim.slot.campaign.typing and sessions.has_capability(claim.slot.session, Capability.PRESENCE)


def _as_not_ready(result: object) -> GatewayError | None:
    """The error that keeps this message from going out, or None when the session is ready. Nothing has left yet."""
    if isinstance(result, SessionStatus):
        if result.ready:
            return None
        return _not_sent(
            _("La sesión no está lista: %(state)s.") % {"state": State(result.state.value).label.lower()},
            code="SESSION_NOT_READY",
        )
    if isinstance(result, GatewayError):
        if result.outcome is Outcome.NOT_SENT and result.scope is Scope.SESSION:
            return result
        return _not_sent(result.detail, code=result.code, http_status=result.http_status)
    logger.error("gateway raised %s", type(result).__name__, exc_info=_as_exc(result))
    return _not_sent(_("El gateway falló al preguntarle por la sesión."), code="STATUS_FAILED")


def _not_sent(detail: str, *, code: str, http_status: int | None = None) -> GatewayError:
    return GatewayError(detail, outcome=Outcome.NOT_SENT, scope=Scope.SESSION, code=code, http_status=http_status)


def _no_answer_to_status() -> GatewayError:
    return _not_sent(_("El gateway no contestó cómo está la sesión."), code="STATUS_TIMEOUT")


def _no_answer(seconds: float) -> GatewayError:
    return GatewayError(
        _("El gateway no contestó en %(seconds)d segundos: no se sabe si el mensaje salió.") % {"seconds": seconds},
        outcome=Outcome.UNKNOWN,
        scope=Scope.MESSAGE,
        code="TIMEOUT",
    )


def _broken_gateway(result: object) -> GatewayError:
    return GatewayError(
        _("El gateway falló de un modo inesperado: no se sabe si el mensaje salió."),
        outcome=Outcome.UNKNOWN,
        scope=Scope.MESSAGE,
        code=type(result).__name__[:64],
    )


def _as_exc(result: object) -> BaseException | None:
    return result if isinstance(result, BaseException) else None
