"""Write what became of one claim: one transaction per message, never batched.

A success is applied wherever it finds the row, because it is true. A failure is applied only by the token that still
holds the row. What was charged comes back when the message is proven not to have left.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import uuid

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from campaigns import conversation_states, envio_states, receipts
from campaigns.engine import answers, diag, person_rest, statements
from campaigns.engine.claim import Claim
from campaigns.engine.timing import DOUBT_REST, LOOKUP_AFTER, REPLY_REST, SESSION_REST, WITHDRAWN_REST, back_off
from campaigns.enums import CAMPAIGN_ENDED, AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Campaign, ScheduleDay, SessionDay
from leadmaster.directory.models import Suppression
from leadmaster.lib.db.retry import drop_broken_connection, is_lost_connection, retrying
from whatsapp.gateways.base import GatewayError, Outcome, Scope, SendResult

MAX_ATTEMPTS = "MAX_ATTEMPTS"
RESTORED = "RESTORED"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back for one claim. `dispatched_at` is None when nothing was ever handed to the socket."""

    result: SendResult | GatewayError
    dispatched_at: dt.datetime | None
    duration_ms: int
    host: str = ""


def settle(claim: Claim, answer: Answer, *, now: dt.datetime, rng: random.Random) -> EnvioState | None:
    """Apply the answer; returns the state the envío is left in, or None when this claim no longer decides.

    Safe to repeat: after a COMMIT that broke it is simply done again.
    """

    def once() -> EnvioState | None:
        return _settle(claim, answer, now, rng)

    try:
        state = retrying(once)
    except IntegrityError:
        # The gateway gave a message id that another envío of this session already has: that proves nothing.
        doubt = GatewayError(
            _("El gateway repitió el identificador de otro mensaje."),
            outcome=Outcome.UNKNOWN,
            scope=Scope.MESSAGE,
            code="REPEATED_MESSAGE_ID",
        )
        state = retrying(lambda: _settle(claim, dataclasses.replace(answer, result=doubt), now, rng))
    except DatabaseError as error:
        if not is_lost_connection(error):
            raise
        drop_broken_connection()
        state = retrying(once)
    diag.step(
        "settled",
        envio=claim.envio_id,
        session=claim.slot.session.pk,
        result=state or "lost",
        code=getattr(answer.result, "code", "OK"),
        ms=answer.duration_ms,
    )
    return state


def withdraw(claim: Claim, *, suppression: Suppression | None, written_to: bool = False, now: dt.datetime) -> None:
    """Give back a claim that was not dispatched: the campaign was paused or cancelled, the person opted out or perhaps
    did, or got this text after the backup that the database came back from."""
    retrying(lambda: _withdraw(claim, suppression=suppression, written_to=written_to, now=now))
    diag.step("withdrawn", envio=claim.envio_id, session=claim.slot.session.pk, suppressed=suppression is not None)


def free_lane(lane_id: int, token: uuid.UUID, *, next_due: dt.datetime, burst_count: int) -> None:
    """Free a lane if this token still holds it."""
    statements.free_lane(lane_id, token, next_due=next_due, burst_count=burst_count)


def close_attempt(token: uuid.UUID, outcome: AttemptOutcome, *, now: dt.datetime, **facts: object) -> None:
    """Close the attempt's row, unless it is closed. A success is written by `statements.close_sent`."""
    Attempt.objects.filter(token=token, outcome=AttemptOutcome.OPEN).update(outcome=outcome, finished_at=now, **facts)


def refund(token: uuid.UUID, *, session_day_id: int | None, schedule_day_id: int | None) -> None:
    """Give back what a message took that is proven not to have left, the day's charge and its person, once: the
    attempt's own flag decides. A reply took none of the two."""
    if Attempt.objects.filter(token=token, refunded=False).update(refunded=True):
        person_rest.release(token)
        if session_day_id and schedule_day_id:
            SessionDay.objects.filter(pk=session_day_id, used__gt=0).update(used=F("used") - 1)
            ScheduleDay.objects.filter(pk=schedule_day_id, used__gt=0).update(used=F("used") - 1)


def pause_after(campaign: Campaign, burst_count: int, *, rng: random.Random) -> tuple[dt.timedelta, int]:
    """The lane's rest after a message, and its new burst count."""
    sent = burst_count + 1
    if campaign.burst_size and sent >= campaign.burst_size:
        return dt.timedelta(seconds=campaign.burst_pause), 0
    return dt.timedelta(seconds=rng.uniform(campaign.delay_min, campaign.delay_max)), sent


def _rest_after(
    claim: Claim, now: dt.datetime, rng: random.Random, *, session_rest: bool = False, in_doubt: bool = False
) -> tuple[dt.datetime, int]:
    """When the lane is free for campaigns again, and its burst count. `session_rest`: its line is in trouble."""
    if claim.campaign is None:
        # Their pace goes on as if nobody had answered in between.
        return max(claim.lane_due, now + (SESSION_REST if session_rest else REPLY_REST)), claim.burst_count
    rest, burst = pause_after(claim.campaign, claim.burst_count, rng=rng)
    if session_rest:
        # What may have left is followed by its pause all the same.
        rest, burst = (max(rest, SESSION_REST), burst) if in_doubt else (SESSION_REST, claim.burst_count)
    return now + rest, burst


# --- The two outcomes ------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def _settle(claim: Claim, answer: Answer, now: dt.datetime, rng: random.Random) -> EnvioState | None:
    if isinstance(answer.result, SendResult):
        return _succeed(claim, answer, answer.result, now, rng)
    return _fail(claim, answer, answer.result, now, rng)


def _succeed(
    claim: Claim, answer: Answer, result: SendResult, now: dt.datetime, rng: random.Random
) -> EnvioState | None:
    free_from, burst = _rest_after(claim, now, rng)
    free_lane(claim.lane_id, claim.token, next_due=free_from, burst_count=burst)
    moved = statements.settle_sent(claim.envio_id, claim.token, message_id=result.message_id, sent_at=now)
    statements.close_sent(
        claim.token,
        message_id=result.message_id,
        dispatched_at=answer.dispatched_at,
        http_status=result.http_status,
        host=result.host[:200],
        duration_ms=answer.duration_ms,
        now=now,
    )
    if not moved:
        receipts.prove_sent(
            claim.envio_id, message_id=result.message_id, evidence=Evidence.LATE_ANSWER, at=now, now=now
        )
    if statements.came_early(claim.slot.session.pk, result.message_id):
        receipts.apply_early(claim.slot.session.pk, result.message_id, envio_id=claim.envio_id, now=now)
    if moved and claim.campaign is None:
        conversation_states.answered(claim.envio_id, now=now)
    return EnvioState.SENT


def _fail(claim: Claim, answer: Answer, error: GatewayError, now: dt.datetime, rng: random.Random) -> EnvioState | None:
    target, fields = _next_state(claim, answer, error, now, rng)
    free_from, burst = _rest_after(
        claim, now, rng, session_rest=error.scope is Scope.SESSION, in_doubt=error.outcome is Outcome.UNKNOWN
    )
    free_lane(claim.lane_id, claim.token, next_due=free_from, burst_count=burst)
    moved = envio_states.move(
        claim.envio_id, source=EnvioState.SENDING, target=target, guard=Q(token=claim.token), now=now, **fields
    )
    close_attempt(
        claim.token,
        _OUTCOMES[error.outcome],
        now=now,
        dispatched_at=answer.dispatched_at,
        http_status=error.http_status,
        host=answer.host[:200],
        duration_ms=answer.duration_ms,
        code=error.code[:64],
        detail=error.detail[:300],
        counted=not moved or "attempts" not in fields,
    )
    if moved and error.outcome is not Outcome.UNKNOWN:
        refund(claim.token, session_day_id=claim.session_day_id, schedule_day_id=claim.schedule_day_id)
    return target if moved else None


_OUTCOMES = {
    Outcome.REFUSED: AttemptOutcome.REFUSED,
    Outcome.NOT_SENT: AttemptOutcome.NOT_SENT,
    Outcome.UNKNOWN: AttemptOutcome.UNKNOWN,
}


def _next_state(
    claim: Claim, answer: Answer, error: GatewayError, now: dt.datetime, rng: random.Random
) -> tuple[EnvioState, dict[str, object]]:
    """Where the envío goes after this error, and what is written with it."""
    why: dict[str, object] = {"error_code": error.code[:64], "error_text": error.detail[:300]}
    if error.outcome is Outcome.UNKNOWN:
        return EnvioState.UNCERTAIN, {**why, "lookups": 0, "lookup_due": now + LOOKUP_AFTER[0]}
    if error.outcome is Outcome.REFUSED:
        return EnvioState.ERROR, {**why, "ended_at": now}
    if error.scope is Scope.SESSION and not _was_answered(answer, error):
        # Not this message's fault, and no byte of it left: no attempt burnt, its turn comes when the session is back.
        fields: dict[str, object] = {"dispatched_at": None, "attempts": F("attempts") - 1}
        # A reply does not wait for its lane's rest.
        return EnvioState.PENDING, fields if claim.campaign else {**fields, "next_due": now + SESSION_REST}
    # The gateway had the message in its hands. Its word that it did not pass it on is taken so often and no oftener.
    if claim.attempt >= claim.max_attempts:
        return EnvioState.ERROR, {**why, "error_code": MAX_ATTEMPTS, "ended_at": now}
    return EnvioState.PENDING, {
        **why,
        "dispatched_at": None,
        "next_due": now + back_off(claim.attempt, rng=rng),
    }


def _was_answered(answer: Answer, error: GatewayError) -> bool:
    """Whether the message itself was answered, and not the question before it."""
    return answer.dispatched_at is not None and error.http_status is not None


@transaction.atomic(durable=True)
def _withdraw(claim: Claim, *, suppression: Suppression | None, written_to: bool, now: dt.datetime) -> None:
    over = _over(claim, now)
    target, evidence, reason = EnvioState.PENDING, Evidence.CAMPAIGN, ""
    fields: dict[str, object] = {"attempts": F("attempts") - 1, "dispatched_at": None}
    if claim.campaign is None:
        fields["next_due"] = now + WITHDRAWN_REST  # it does not wait for its lane's
    suppressed = suppression is not None and not suppression.in_doubt
    if suppression is not None and suppression.in_doubt:
        # Others of its lane go first; it comes again until a person has said what was meant.
        fields["next_due"] = now + DOUBT_REST
    if suppressed:
        target, evidence = EnvioState.CANCELLED, Evidence.OPT_OUT
        fields["ended_at"] = now
    elif over is not None:
        target, (evidence, reason) = EnvioState.CANCELLED, over
        fields |= {"ended_at": now, "error_text": reason}
    elif written_to:
        target, evidence = EnvioState.UNCERTAIN, Evidence.RESTORE
        reason = _("Esta persona ya recibió este texto después del respaldo del que volvió la base.")
        fields |= {"error_code": RESTORED, "error_text": reason, "lookup_due": None}
    rest = WITHDRAWN_REST if target is EnvioState.PENDING else dt.timedelta(0)
    free_from = now + rest if claim.campaign else max(claim.lane_due, now)
    free_lane(claim.lane_id, claim.token, next_due=free_from, burst_count=claim.burst_count)
    moved = envio_states.move(
        claim.envio_id, source=EnvioState.SENDING, target=target, guard=Q(token=claim.token), now=now, **fields
    )
    # Also when something else moved the row meanwhile: this try is over, and nothing left with it.
    close_attempt(claim.token, AttemptOutcome.WITHDRAWN, now=now, counted=not moved)
    refund(claim.token, session_day_id=claim.session_day_id, schedule_day_id=claim.schedule_day_id)
    if moved and target is not EnvioState.PENDING:
        envio_states.record(
            [claim.envio_id], source=EnvioState.SENDING, target=target, evidence=evidence, now=now, reason=reason
        )


def _over(claim: Claim, now: dt.datetime) -> tuple[Evidence, str] | None:
    """Why it never will go out, whatever changes; None while it may."""
    if claim.campaign is None:
        return answers.over_because(claim.envio_id, now)
    if Campaign.objects.filter(pk=claim.campaign.pk, state__in=CAMPAIGN_ENDED).exists():
        return Evidence.CAMPAIGN, ""
    return None
