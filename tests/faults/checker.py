"""The invariants: what a provider really delivered, compared with what our tables say at rest.

Each check yields sentences; no sentence means that it holds. The numbers are those of the faults table (I1–I10).
Decisions of people are evidence of their own: who says "send it again" takes one more delivery on themselves.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q

from campaigns.enums import AttemptOutcome, CampaignState, EnvioState, Evidence
from campaigns.models import (
    Attempt,
    Campaign,
    Envio,
    EnvioEvent,
    Lane,
    Schedule,
    ScheduleDay,
    SenderSwitch,
    SessionDay,
)
from campaigns.models.envio import REPLY_ATTEMPTS
from campaigns.progress import progress_of
from whatsapp.models import State

S = EnvioState
# Of an envío that really arrived. By hand and given up are a person's word against the ledger, and named.
_TRUTHFUL = (S.SENT, S.UNCERTAIN)
_DID_NOT_LEAVE = (AttemptOutcome.NOT_SENT, AttemptOutcome.REFUSED, AttemptOutcome.WITHDRAWN)
_BY_A_PERSON = (S.SENT_BY_HAND, S.ERROR, S.PENDING)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Delivered:
    """One line of the provider's ledger. `refused` when WhatsApp took it back later. `at` in seconds of any clock."""

    tenant: str
    client_message_id: uuid.UUID
    message_id: str
    at: float
    refused: bool = False


def findings(ledger: Sequence[Delivered], *, now: dt.datetime) -> list[str]:
    """Everything that is wrong at rest: nothing in the air, every lease that could run out has."""
    return [*always(ledger, now=now), *_settled()]


def always(ledger: Sequence[Delivered], *, now: dt.datetime) -> list[str]:
    """What is wrong at any moment, also while something is in the air. `now` judges leases."""
    return [
        *_once(ledger),
        *_proven(ledger),
        *_told(ledger, now),
        *_paced_by_the_log(),
        *_counted(),
        *_tried(),
        *_charged(),
    ]


def overtaken(ledger: Iterable[Delivered], *, gap: float) -> list[str]:
    """I5 from outside: deliveries of each one-lane tenant at least `gap` seconds apart."""
    last: dict[str, float] = {}
    found = []
    for line in sorted(ledger, key=lambda line: line.at):
        before = last.get(line.tenant)
        if before is not None and line.at - before < gap:
            found.append(f"I5: {line.tenant} delivered {line.at - before:.3f} s after the one before, not {gap} s")
        last[line.tenant] = line.at
    return found


def neglected(now: dt.datetime, *, since: dt.datetime) -> list[str]:
    """I9: lanes that were free and due at `since` and still are, though something of their session could have left.

    Ask with the start of the last tick but one. Nobody may have stopped anything in between, and whoever asks has
    windows that are open all day. Limits are looked at here: a day that is used up keeps nobody waiting.
    """
    last_turn = SenderSwitch.objects.order_by("-id").values_list("on", flat=True).first()
    if not settings.AUTO_CAMPAIGNS_ENABLED or last_turn is False:
        return []
    idle = Lane.objects.filter(
        busy=False,
        next_due__lte=since,
        session__state=State.READY,
        session__state_at__lte=since,
        session__paused_at__isnull=True,
    ).exclude(session__blocked_until__gt=since)
    return [
        f"I9: lane {lane.pk} has been free since {lane.next_due}, and by {now} nobody took envío {waiting.pk}"
        for lane in idle.select_related("session")
        if lane.slot < lane.session.lane_count and (waiting := _could_have_left(lane, since, now)) is not None
    ]


def starved(*, since: dt.datetime, turns: int) -> list[str]:
    """I9 between campaigns: those with something due at `since` that got none of at least `turns` turns of their line."""
    tried = Attempt.objects.filter(claimed_at__gte=since)
    taken = Counter(tried.values_list("envio__session_id", flat=True))
    served = set(tried.values_list("envio__campaign_id", flat=True))
    waiting = Campaign.objects.running().filter(Exists(Envio.objects.due(since).filter(campaign=OuterRef("pk"))))
    return [
        f"I9: campaign {campaign.pk} got none of {taken[campaign.session_id]} turns of session {campaign.session_id}"
        for campaign in waiting
        if campaign.pk not in served and taken[campaign.session_id] >= turns
    ]


# --- One invariant each ----------------------------------------------------------------------------------------------


def _resends() -> Counter[int]:
    """How often a person took it on themselves to send an envío again."""
    return Counter(
        EnvioEvent.objects.filter(evidence=Evidence.PERSON, from_state=S.UNCERTAIN, to_state=S.PENDING).values_list(
            "envio_id", flat=True
        )
    )


def _once(ledger: Sequence[Delivered]) -> Iterator[str]:
    allowed = _resends()
    ids = dict(Envio.objects.values_list("client_message_id", "id"))
    for client_message_id, times in Counter(line.client_message_id for line in ledger).items():
        envio_id = ids.get(client_message_id)
        if envio_id is None:
            yield f"I1: the ledger has {client_message_id}, which no envío bears"
        elif times > 1 + allowed[envio_id]:
            yield f"I1: envío {envio_id} was delivered {times} times"


def _proven(ledger: Sequence[Delivered]) -> Iterator[str]:
    known = {(line.client_message_id, line.message_id) for line in ledger}
    for pk, ours, theirs in Envio.objects.filter(state=S.SENT).values_list("id", "client_message_id", "message_id"):
        if (ours, theirs) not in known:
            yield f"I2: envío {pk} is enviado with {theirs!r}, which the ledger does not have"


def _told(ledger: Sequence[Delivered], now: dt.datetime) -> Iterator[str]:
    arrived = {line.client_message_id for line in ledger if not line.refused}
    by_a_person = set(EnvioEvent.objects.filter(evidence=Evidence.PERSON).values_list("envio_id", flat=True))
    rows = Envio.objects.filter(client_message_id__in=arrived).exclude(state__in=_TRUTHFUL)
    for envio in rows:
        if envio.state == S.SENDING and envio.lease_until is not None and envio.lease_until > now:
            continue
        if envio.state in _BY_A_PERSON and envio.pk in by_a_person:
            continue
        yield f"I3: envío {envio.pk} was delivered and is {envio.state} ({envio.error_code})"


def _settled() -> Iterator[str]:
    for pk in Envio.objects.filter(state=S.SENDING).values_list("id", flat=True):
        yield f"I4: envío {pk} is still enviando"
    for pk in Lane.objects.filter(busy=True).values_list("id", flat=True):
        yield f"I4: lane {pk} is still busy"
    for pk, envio_id in Attempt.objects.filter(outcome=AttemptOutcome.OPEN).values_list("id", "envio_id"):
        yield f"I4: attempt {pk} of envío {envio_id} is still open"
    doubted = Attempt.objects.filter(outcome=AttemptOutcome.UNKNOWN).values("envio_id")
    restored = EnvioEvent.objects.filter(evidence=Evidence.RESTORE).values("envio_id")
    for pk in (
        Envio.objects.filter(state=S.UNCERTAIN)
        .exclude(Q(pk__in=doubted) | Q(pk__in=restored))
        .values_list("id", flat=True)
    ):
        yield f"I4: envío {pk} is incierto and no attempt says why"


def _paced_by_the_log() -> Iterator[str]:
    """I5: on one lane, what left comes at least the campaign's shortest pause after what left before it."""
    left = (
        Attempt.objects.filter(dispatched_at__isnull=False, lane__isnull=False, envio__campaign__isnull=False)
        .exclude(outcome__in=[AttemptOutcome.WITHDRAWN, AttemptOutcome.NOT_SENT])
        .order_by("lane_id", "dispatched_at", "id")
        .values_list("lane_id", "dispatched_at", "id", "envio__campaign__delay_min")
    )
    for (lane, left_before, pk, pause), (next_lane, left_at, next_pk, _pause) in itertools.pairwise(left):
        if lane != next_lane or left_before is None or left_at is None:
            continue
        gap = (left_at - left_before).total_seconds()
        if gap < pause:
            yield f"I5: attempt {next_pk} left {gap:.3f} s after attempt {pk} on lane {lane}, not {pause}"


def _counted() -> Iterator[str]:
    for campaign_id, told in progress_of(list(Campaign.objects.values_list("id", flat=True))).items():
        rows = Envio.objects.filter(campaign_id=campaign_id)
        recount = Counter(rows.values_list("state", flat=True))
        if {state: count for state, count in told.counts.items() if count} != dict(recount):
            yield f"I8: campaign {campaign_id} says {dict(told.counts)}, a recount {dict(recount)}"
        if told.read != rows.filter(state=S.SENT, ack=3).count():
            yield f"I8: campaign {campaign_id} says {told.read} read"


def _tried() -> Iterator[str]:
    resends = _resends()
    rows = Envio.objects.annotate(counted=Count("attempt_log", filter=Q(attempt_log__counted=True)))
    for pk, attempts, counted, most in rows.values_list("id", "attempts", "counted", "campaign__max_attempts"):
        if attempts != counted:
            yield f"I10: envío {pk} says {attempts} attempts, its log {counted}"
        allowed = (REPLY_ATTEMPTS if most is None else most) + resends[pk]
        if attempts > allowed:
            yield f"I10: envío {pk} was tried {attempts} times, {allowed} are allowed"


def _could_have_left(lane: Lane, since: dt.datetime, now: dt.datetime) -> Envio | None:
    """The first envío that this lane could have taken since then, if its day had room all the while."""
    days = {lane.session.day_at(moment) for moment in (since, now)}
    if SessionDay.objects.filter(session=lane.session, day__in=days, used__gte=lane.session.daily_limit).exists():
        return None
    full = ScheduleDay.objects.filter(schedule=OuterRef("pk"), day__in=days, used__gte=OuterRef("daily_cap"))
    with_room = Schedule.objects.in_force().filter(~Exists(full), campaign=OuterRef("campaign"))
    waiting = Envio.objects.due(since).filter(
        Exists(with_room), session=lane.session, campaign__state=CampaignState.RUNNING
    )
    if lane.session.cold_until is not None and lane.session.cold_until > since:
        waiting = waiting.filter(warm=True)
    return waiting.order_by("next_due", "id").first()


def _charged() -> Iterator[str]:
    """I6 for the sender: what a day was charged is what left or may have left on it, and no more than its limit."""
    kept = Count("attempts", filter=Q(attempts__refunded=False))
    sessions = SessionDay.objects.annotate(kept=kept).values_list(
        "session", "day", "used", "kept", "session__daily_limit"
    )
    schedules = ScheduleDay.objects.annotate(kept=kept).values_list(
        "schedule", "day", "used", "kept", "schedule__daily_cap"
    )
    # A try that did not leave costs nothing, unless something else proved that the message did.
    for pk in (
        Attempt.objects.filter(refunded=False, outcome__in=_DID_NOT_LEAVE, envio__message_id__isnull=True)
        .exclude(envio__state=S.SENDING)
        .values_list("id", flat=True)
    ):
        yield f"I6: attempt {pk} did not leave and is still charged"
    for name, rows in (("session", sessions), ("schedule", schedules)):
        for pk, day, used, charged, limit in rows:
            if used != charged:
                yield f"I6: {name} {pk} says {used} on {day}, its attempts {charged}"
            if used > limit:
                yield f"I6: {name} {pk} used {used} of {limit} on {day}"
