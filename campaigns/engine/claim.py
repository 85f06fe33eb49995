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
from collections.abc import Mapping, Sequence

from django.db import DatabaseError, DataError, IntegrityError, transaction
from django.db.models import F

from campaigns import envio_states
from campaigns.engine import diag
from campaigns.engine.plan import Plan, Slot
from campaigns.engine.timing import lease
from campaigns.enums import EnvioState
from campaigns.models import Attempt, Envio, Lane, ScheduleDay, SessionDay
from leadmaster.lib.db import drop_broken_connection, is_lost_connection, retrying

WORKER = f"{socket.gethostname()}:{os.getpid()}"[:80]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """One envío held by one lane until `lease_until`. Everything that sending and settling need, without a query."""

    token: uuid.UUID
    lane_id: int
    burst_count: int
    envio_id: int
    phone: str = dataclasses.field(repr=False)
    text: str = dataclasses.field(repr=False)
    client_message_id: uuid.UUID
    attempt: int
    slot: Slot
    session_day_id: int
    schedule_day_id: int
    claimed_at: dt.datetime
    lease_until: dt.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Round:
    """What one look at the lanes gave: the claims, the slots that had nothing due, and when the next lane is due."""

    claims: list[Claim]
    dry: set[int]  # campaign ids
    exhausted: set[int]  # session ids at their limit


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A free lane of a session that may send."""

    lane_id: int
    session_id: int
    next_due: dt.datetime


def ensure_lanes(plan: Plan, *, now: dt.datetime) -> None:
    """Make the lanes that the planned sessions should have. One query when they all exist."""
    sessions = {slots[0].session.pk: slots[0].session for slots in plan.slots.values()}
    have = set(Lane.objects.filter(session_id__in=sessions).values_list("session_id", "slot"))
    missing = [
        Lane(session_id=session.pk, slot=slot, next_due=now)
        for session in sessions.values()
        for slot in range(session.lane_count)
        if (session.pk, slot) not in have
    ]
    if missing:
        Lane.objects.bulk_create(missing, ignore_conflicts=True)


def candidates(slots: Mapping[int, Sequence[Slot]], *, until: dt.datetime) -> list[Candidate]:
    """Free lanes of these sessions that fall due before `until`, the longest due first. One plain read, no lock."""
    if not slots:
        return []
    rows = (
        Lane.objects.filter(busy=False, next_due__lte=until, session_id__in=slots)
        .order_by("next_due", "id")
        .values_list("id", "session_id", "next_due", "slot")
    )
    return [
        Candidate(lane_id, session_id, next_due)
        for lane_id, session_id, next_due, slot in rows
        if slot < slots[session_id][0].session.lane_count
    ]


def claim(lane_ids: Sequence[int], slots: Mapping[int, Sequence[Slot]], *, now: dt.datetime) -> Round:
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
            return Round(claims=[], dry=set(), exhausted=set())
        rounds = [claim([lane_id], slots, now=now) for lane_id in lane_ids]
        return Round(
            claims=[claim for one in rounds for claim in one.claims],
            dry=set().union(*(one.dry for one in rounds)),
            exhausted=set().union(*(one.exhausted for one in rounds)),
        )
    except DatabaseError as error:
        if not is_lost_connection(error):
            raise
        drop_broken_connection()
        return Round(claims=_ours(tokens, slots, now), dry=set(), exhausted=set())


@transaction.atomic(durable=True)
def _claim(tokens: Mapping[int, uuid.UUID], slots: Mapping[int, Sequence[Slot]], now: dt.datetime) -> Round:
    lanes = Lane.objects.filter(id__in=tokens, busy=False, next_due__lte=now).order_by("id")
    held = list(lanes.select_for_update(skip_locked=True))
    found = Round(claims=[], dry=set(), exhausted=set())
    # By session and then by lane: every claimer charges the day rows in the same order.
    for lane in sorted(held, key=lambda lane: (lane.session_id, lane.pk)):
        claim = _fill(lane, tokens[lane.pk], slots.get(lane.session_id, ()), now, found)
        if claim is not None:
            found.claims.append(claim)
    return found


def _fill(lane: Lane, token: uuid.UUID, slots: Sequence[Slot], now: dt.datetime, found: Round) -> Claim | None:
    for slot in slots:
        if slot.campaign.pk in found.dry or slot.session.pk in found.exhausted:
            continue
        envio = _first_due(slot, now)
        if envio is None:
            found.dry.add(slot.campaign.pk)
            continue
        charged = _charge(slot, found)
        if charged is None:
            continue
        return _take(lane, token, slot, envio=envio, charged=charged, now=now)
    return None


def _first_due(slot: Slot, now: dt.datetime) -> Envio | None:
    rows = Envio.objects.filter(campaign_id=slot.campaign.pk).due(now).order_by("next_due", "id")
    if slot.warm_only:
        rows = rows.filter(warm=True)
    return rows.select_for_update(skip_locked=True).first()


def _charge(slot: Slot, found: Round) -> tuple[int, int] | None:
    """Charge the day of the session and of the schedule, or neither. Returns the ids of the two rows."""
    session_day = SessionDay.objects.filter(session_id=slot.session.pk, day=slot.day)
    if not session_day.filter(used__lt=slot.session_limit).update(used=F("used") + 1):
        found.exhausted.add(slot.session.pk)
        return None
    schedule_day = ScheduleDay.objects.filter(schedule_id=slot.schedule_id, day=slot.day)
    if not schedule_day.filter(used__lt=slot.schedule_cap).update(used=F("used") + 1):
        session_day.update(used=F("used") - 1)
        return None
    return session_day.values_list("id", flat=True).get(), schedule_day.values_list("id", flat=True).get()


def _take(
    lane: Lane, token: uuid.UUID, slot: Slot, *, envio: Envio, charged: tuple[int, int], now: dt.datetime
) -> Claim:
    lease_until = now + lease()
    took_envio = envio_states.move(
        envio.pk,
        source=EnvioState.PENDING,
        target=EnvioState.SENDING,
        lane=lane,
        token=token,
        lease_until=lease_until,
        attempts=F("attempts") + 1,
        dispatched_at=None,
    )
    took_lane = Lane.objects.filter(pk=lane.pk, busy=False).update(busy=True, token=token, lease_until=lease_until)
    if took_envio != 1 or took_lane != 1:
        # Somebody else holds one of them: the whole claim is rolled back, nothing was sent.
        raise IntegrityError("the row or the lane was taken by another worker")
    session_day_id, schedule_day_id = charged
    Attempt.objects.create(
        envio_id=envio.pk,
        token=token,
        lane_id=lane.pk,
        session_day_id=session_day_id,
        schedule_day_id=schedule_day_id,
        worker=WORKER,
        due_at=max(lane.next_due, envio.next_due),
        claimed_at=now,
    )
    return _claim_of(
        envio=envio,
        lane=lane,
        token=token,
        slot=slot,
        session_day_id=session_day_id,
        schedule_day_id=schedule_day_id,
        now=now,
        lease_until=lease_until,
        attempt=envio.attempts + 1,
    )


def _claim_of(
    *,
    envio: Envio,
    lane: Lane,
    token: uuid.UUID,
    slot: Slot,
    session_day_id: int,
    schedule_day_id: int,
    now: dt.datetime,
    lease_until: dt.datetime,
    attempt: int,
) -> Claim:
    diag.step("claimed", envio=envio.pk, session=slot.session.pk, lane=lane.pk, attempt=attempt)
    return Claim(
        token=token,
        lane_id=lane.pk,
        burst_count=lane.burst_count,
        envio_id=envio.pk,
        phone=envio.phone,
        text=envio.text,
        client_message_id=envio.client_message_id,
        attempt=attempt,
        slot=slot,
        session_day_id=session_day_id,
        schedule_day_id=schedule_day_id,
        claimed_at=now,
        lease_until=lease_until,
    )


def _ours(tokens: Mapping[int, uuid.UUID], slots: Mapping[int, Sequence[Slot]], now: dt.datetime) -> list[Claim]:
    """What a COMMIT that broke really left with us, read back by token."""
    by_campaign = {slot.campaign.pk: slot for group in slots.values() for slot in group}
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
                slot=by_campaign[envio.campaign_id],
                session_day_id=row.session_day_id,
                schedule_day_id=row.schedule_day_id,
                now=now,
                lease_until=envio.lease_until,
                attempt=envio.attempts,
            )
        )
    return claims
