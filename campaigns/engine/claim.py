"""Take free lanes and the first due envío of each. The row counts are the answer.

Three layers keep two workers off one envío, each sufficient alone: a lane holds one message (a unique column), the
row is taken with SKIP LOCKED, and the UPDATE asks for `pendiente` again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import socket
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import DatabaseError, DataError, IntegrityError, transaction
from django.db.models import F, Min, Q

from campaigns.engine import diag, person_rest, statements
from campaigns.engine.answers import ReplySlot
from campaigns.engine.plan import Plan, Slot
from campaigns.engine.statements import Due
from campaigns.engine.timing import lease
from campaigns.enums import EnvioState
from campaigns.models import Attempt, Campaign, Envio, Lane, SessionDay
from campaigns.models.envio import REPLY_ATTEMPTS
from leadmaster.lib.db.retry import drop_broken_connection, is_lost_connection, retrying
from whatsapp.models import WhatsAppSession

# What a lane may be given to: a campaign that may send, or the people that its line answers.
AnySlot = Slot | ReplySlot


def worker_name() -> str:
    """Asked for anew each time: the cluster forks its workers."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """One envío held by one lane until `lease_until`. Everything that sending and settling need, without a query."""

    token: uuid.UUID
    lane_id: int
    lane_due: dt.datetime  # from when on its campaigns might have it
    burst_count: int
    envio_id: int
    phone: str = dataclasses.field(repr=False)
    text: str = dataclasses.field(repr=False)
    client_message_id: uuid.UUID
    attempt: int
    slot: AnySlot
    session_day_id: int | None
    schedule_day_id: int | None
    due_at: dt.datetime | None
    claimed_at: dt.datetime
    lease_until: dt.datetime

    @property
    def campaign(self) -> Campaign | None:
        """None: it is a reply."""
        return self.slot.campaign

    @property
    def max_attempts(self) -> int:
        return REPLY_ATTEMPTS if self.campaign is None else self.campaign.max_attempts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Round:
    """What one look at the lanes gave: the claims, the slots that had nothing due, and when the next lane is due."""

    claims: list[Claim]
    without_due: set[int]  # campaign ids
    exhausted: set[int]  # session ids at their limit


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A free lane of a session that may send."""

    lane_id: int
    session_id: int
    next_due: dt.datetime


def ensure_lanes(plan: Plan, *, now: dt.datetime) -> None:
    """Make the lanes that the planned sessions should have. One query when they all exist."""
    ensure_lanes_of((slots[0].session for slots in plan.slots.values()), now=now)


def ensure_lanes_of(lines: Iterable[WhatsAppSession], *, now: dt.datetime) -> None:
    """The same for these sessions."""
    sessions = {session.pk: session for session in lines}
    have = set(Lane.objects.filter(session_id__in=sessions).values_list("session_id", "slot"))
    missing = [
        Lane(session_id=session.pk, slot=slot, next_due=now)
        for session in sessions.values()
        for slot in range(session.lane_count)
        if (session.pk, slot) not in have
    ]
    if missing:
        Lane.objects.bulk_create(missing, ignore_conflicts=True)


def candidates(
    slots: Mapping[int, Sequence[AnySlot]], *, until: dt.datetime, answering: Collection[int] = ()
) -> list[Candidate]:
    """Free lanes of these sessions that fall due before `until`, the longest due first. One plain read, no lock.

    The sessions in `answering` have replies, which wait for nobody's pace: whatever is free of them.
    """
    if not slots:
        return []
    falls_due = Q(next_due__lte=until)
    rows = (
        Lane.objects.filter(falls_due | Q(session_id__in=answering) if answering else falls_due)
        .filter(busy=False, session_id__in=slots)
        .order_by("next_due", "id")
        .values_list("id", "session_id", "next_due", "slot")
    )
    return [
        Candidate(lane_id, session_id, next_due)
        for lane_id, session_id, next_due, slot in rows
        if slot < slots[session_id][0].session.lane_count
    ]


def held_elsewhere(slots: Mapping[int, Sequence[AnySlot]], *, ours: Collection[int]) -> bool:
    """Whether somebody else has a lane of these sessions in the air: it falls free when they are done."""
    return bool(slots) and Lane.objects.filter(busy=True, session_id__in=slots).exclude(id__in=ours).exists()


def next_due_of(campaign_ids: Collection[int], *, after: dt.datetime, until: dt.datetime) -> dt.datetime | None:
    """When the first pending message of these campaigns falls due between the two. One index range each."""
    pending = Envio.objects.filter(campaign_id__in=campaign_ids, state=EnvioState.PENDING)
    found: dt.datetime | None = pending.filter(next_due__gt=after, next_due__lt=until).aggregate(at=Min("next_due"))[
        "at"
    ]
    return found


def claim(lane_ids: Sequence[int], slots: Mapping[int, Sequence[AnySlot]], *, now: dt.datetime) -> Round:
    """Claim what is due on these lanes, in one short transaction.

    A deadlock is retried whole. When the connection breaks at COMMIT nobody knows whether it held: the rows are read
    again by their tokens, and only what is really ours is returned. When the database refuses a row, the lanes are
    tried one by one, so that one bad row stops nobody else.
    """
    tokens = {lane_id: uuid.uuid4() for lane_id in lane_ids}
    try:
        return retrying(lambda: _claim(tokens, slots, now))
    except (IntegrityError, DataError):
        if len(lane_ids) == 1:
            diag.step("claim_refused_by_database", lane=lane_ids[0])
            return Round(claims=[], without_due=set(), exhausted=set())
        rounds = [claim([lane_id], slots, now=now) for lane_id in lane_ids]
        return Round(
            claims=[claim for one in rounds for claim in one.claims],
            without_due=set().union(*(one.without_due for one in rounds)),
            exhausted=set().union(*(one.exhausted for one in rounds)),
        )
    except DatabaseError as error:
        if not is_lost_connection(error):
            raise
        drop_broken_connection()
        return Round(claims=_ours(tokens, slots, now), without_due=set(), exhausted=set())


@transaction.atomic(durable=True)
def _claim(tokens: Mapping[int, uuid.UUID], slots: Mapping[int, Sequence[AnySlot]], now: dt.datetime) -> Round:
    lanes = Lane.objects.filter(id__in=tokens, busy=False).order_by("id")
    held = list(lanes.only("session_id", "next_due", "burst_count").select_for_update(skip_locked=True))
    found = Round(claims=[], without_due=set(), exhausted=set())
    # By session and then by lane: every claimer charges the day rows in the same order.
    for lane in sorted(held, key=lambda lane: (lane.session_id, lane.pk)):
        open_ones = slots.get(lane.session_id, ())
        claim = _answer(lane, tokens[lane.pk], open_ones, now)
        if claim is None and lane.next_due <= now:
            claim = _fill(lane, tokens[lane.pk], open_ones, now, found)
        if claim is not None:
            found.claims.append(claim)
    Attempt.objects.bulk_create(_opened(claim) for claim in found.claims)
    return found


def _answer(lane: Lane, token: uuid.UUID, slots: Sequence[AnySlot], now: dt.datetime) -> Claim | None:
    """The first due reply of this line, before any campaign and whatever the pace of those. It charges no day."""
    slot = next((slot for slot in slots if isinstance(slot, ReplySlot)), None)
    if slot is None:
        return None
    reply = statements.first_reply(session_id=slot.session.pk, now=now)
    return None if reply is None else _take(lane, token, slot, envio=reply, now=now)


def _fill(lane: Lane, token: uuid.UUID, slots: Sequence[AnySlot], now: dt.datetime, found: Round) -> Claim | None:
    for slot in slots:
        if isinstance(slot, ReplySlot):
            continue
        if slot.campaign.pk in found.without_due or slot.session.pk in found.exhausted:
            continue
        envio = _first_whom_nobody_wrote_to(slot, now)
        if envio is None:
            found.without_due.add(slot.campaign.pk)
            continue
        if person_rest.rests(slot.campaign, envio, now):
            continue  # very many of them rest: the next look goes on
        if slot.canary is not None and not (slot.canary.room and slot.canary.take()):
            found.without_due.add(slot.campaign.pk)  # the next plan counts anew
            continue
        if _charge(slot, found):
            return _take(lane, token, slot, envio=envio, now=now)
    return None


def _first_whom_nobody_wrote_to(slot: Slot, now: dt.datetime) -> Due | None:
    """The first due one whose person does not rest from another campaign; those before it are moved behind their rest."""
    campaign = slot.campaign
    envio = statements.first_due(campaign_id=campaign.pk, warm_only=slot.warm_only, now=now)
    if envio is not None and person_rest.rests(campaign, envio, now):
        person_rest.postpone(campaign, now)
        envio = statements.first_due(campaign_id=campaign.pk, warm_only=slot.warm_only, now=now)
    return envio


def _charge(slot: Slot, found: Round) -> bool:
    """Charge the day of the session and of the schedule, or neither."""
    if not statements.charge_session_day(slot.session_day_id, limit=slot.session_limit):
        found.exhausted.add(slot.session.pk)
        return False
    if not statements.charge_schedule_day(slot.schedule_day_id, limit=slot.schedule_cap):
        SessionDay.objects.filter(id=slot.session_day_id).update(used=F("used") - 1)
        return False
    return True


def _take(lane: Lane, token: uuid.UUID, slot: AnySlot, *, envio: Due, now: dt.datetime) -> Claim:
    if slot.campaign is not None and not person_rest.hold(slot.campaign, envio, now):
        # Another line's claim was first: this one is rolled back, and its next look finds that the person rests.
        raise IntegrityError("the person was written to by another campaign")
    lease_until = now + lease()
    took_envio = statements.take_envio(envio.id, lane_id=lane.pk, token=token, lease_until=lease_until)
    took_lane = statements.take_lane(lane.pk, token=token, lease_until=lease_until)
    if not (took_envio and took_lane):
        # Somebody else holds one of them: the whole claim is rolled back, nothing was sent.
        raise IntegrityError("the row or the lane was taken by another worker")
    return _claim_of(
        envio=envio,
        lane=lane,
        token=token,
        slot=slot,
        session_day_id=slot.session_day_id,
        schedule_day_id=slot.schedule_day_id,
        # A reply waits for no pace: it is late from the moment in which it was written.
        due_at=envio.next_due if slot.campaign is None else max(lane.next_due, envio.next_due),
        now=now,
        lease_until=lease_until,
        attempt=envio.attempts + 1,
    )


def _opened(claim: Claim) -> Attempt:
    """The attempt's row, as it is before anything is sent."""
    return Attempt(
        envio_id=claim.envio_id,
        token=claim.token,
        lane_id=claim.lane_id,
        session_day_id=claim.session_day_id,
        schedule_day_id=claim.schedule_day_id,
        worker=worker_name(),
        due_at=claim.due_at,
        claimed_at=claim.claimed_at,
    )


def _claim_of(
    *,
    envio: Due | Envio,
    lane: Lane,
    token: uuid.UUID,
    slot: AnySlot,
    session_day_id: int | None,
    schedule_day_id: int | None,
    due_at: dt.datetime | None,
    now: dt.datetime,
    lease_until: dt.datetime,
    attempt: int,
) -> Claim:
    diag.step("claimed", envio=envio.id, session=slot.session.pk, lane=lane.pk, attempt=attempt)
    return Claim(
        token=token,
        lane_id=lane.pk,
        lane_due=lane.next_due,
        burst_count=lane.burst_count,
        envio_id=envio.id,
        phone=envio.phone,
        text=envio.text,
        client_message_id=envio.client_message_id,
        attempt=attempt,
        slot=slot,
        session_day_id=session_day_id,
        schedule_day_id=schedule_day_id,
        due_at=due_at,
        claimed_at=now,
        lease_until=lease_until,
    )


def _ours(tokens: Mapping[int, uuid.UUID], slots: Mapping[int, Sequence[AnySlot]], now: dt.datetime) -> list[Claim]:
    """What a COMMIT that broke really left with us, read back by token."""
    by_owner = {(key, slot.campaign and slot.campaign.pk): slot for key, group in slots.items() for slot in group}
    rows = Attempt.objects.filter(token__in=list(tokens.values())).select_related("envio", "lane")
    claims = []
    for row in rows:
        envio, lane = row.envio, row.lane
        if lane is None or envio.token != row.token or envio.lease_until is None:
            continue
        claims.append(
            _claim_of(
                envio=envio,
                lane=lane,
                token=row.token,
                slot=by_owner[envio.session_id, envio.campaign_id],
                session_day_id=row.session_day_id,
                schedule_day_id=row.schedule_day_id,
                due_at=row.due_at,
                now=now,
                lease_until=envio.lease_until,
                attempt=envio.attempts,
            )
        )
    return claims
