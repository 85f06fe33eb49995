"""Each way in which the sender's tables can be untrue is found, alone, and mended where that can be done."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from campaigns import lifecycle, totals
from campaigns.enums import Ack, AttemptOutcome, CampaignState, EnvioState, Evidence
from campaigns.models import (
    Attempt,
    Campaign,
    CampaignTotals,
    EarlyReceipt,
    Envio,
    EnvioEvent,
    Lane,
    SendDay,
    SessionDay,
)
from campaigns.reconciliation import CHECKS
from campaigns.statistics import cells
from leadmaster.ops import rollups
from leadmaster.ops.models import RolledDay
from tests.factories.campaigns import (
    AttemptFactory,
    CampaignFactory,
    EnvioEventFactory,
    EnvioFactory,
    LaneFactory,
    ScheduleDayFactory,
    SessionDayFactory,
    running_campaign,
)
from tests.faults.world import START as NOW
from tests.lies import Lie, assert_found_and_mended, kinds, look, without_constraints
from whatsapp.gateways.base import Capability
from whatsapp.receipts import ReceiptKind

pytestmark = pytest.mark.django_db

S = EnvioState
LONG_AGO = NOW - dt.timedelta(hours=2)


def campaign() -> Campaign:
    """Paused, so that nobody expects it to go on, with one message that waits."""
    made: Campaign = CampaignFactory(state=CampaignState.PAUSED, launched_at=LONG_AGO)
    EnvioFactory(campaign=made)
    return made


def tried(state: EnvioState, outcome: AttemptOutcome, *, charged: bool = True, **fields: object) -> Envio:
    """A message after one try of two hours ago, with all the rows that the engine would have written."""
    fields.setdefault("dispatched_at", LONG_AGO)
    envio: Envio = EnvioFactory(campaign=campaign(), state=state, attempts=1, **fields)
    attempt = AttemptFactory(
        envio=envio,
        outcome=outcome,
        claimed_at=LONG_AGO,
        dispatched_at=fields["dispatched_at"],
        refunded=not charged,
        message_id=envio.message_id or "" if outcome == AttemptOutcome.SENT else "",
    )
    for day in (attempt.session_day, attempt.schedule_day):
        day.used = int(charged)
        day.save()
    return envio


def sent() -> Envio:
    return tried(S.SENT, AttemptOutcome.SENT)


def in_flight(*, since: dt.datetime, dispatched: bool) -> Envio:
    envio = tried(S.SENDING, AttemptOutcome.OPEN, dispatched_at=since if dispatched else None)
    Attempt.objects.filter(envio=envio).update(token=envio.token, lane=envio.lane, claimed_at=since)
    Lane.objects.filter(envio=envio).update(lease_until=since)
    Envio.objects.filter(pk=envio.pk).update(lease_until=since)
    return envio


# --- The lies ----------------------------------------------------------------------------------------------------------


def sending_for_hours() -> int:
    envio = in_flight(since=LONG_AGO, dispatched=True)
    # The lane went on without it.
    Lane.objects.filter(envio=envio).update(token=None, busy=False, lease_until=None)
    return envio.pk


def sent_without_an_attempt() -> int:
    envio: Envio = EnvioFactory(campaign=campaign(), state=S.SENT)
    return envio.pk


def sent_with_the_id_of_nobody() -> int:
    envio = sent()
    Envio.objects.filter(pk=envio.pk).update(message_id="made-up")
    # What its attempt says is another id: that is no proof of this one.
    return envio.pk


def sent_without_an_id() -> int:
    envio: Envio = EnvioFactory(campaign=campaign(), state=S.SENT)
    with without_constraints():
        Envio.objects.filter(pk=envio.pk).update(message_id=None, sent_at=None)
    return envio.pk


def pending_although_it_was_sent() -> int:
    envio = sent()
    Envio.objects.filter(pk=envio.pk).update(state=S.PENDING, message_id=None, sent_at=None)
    return envio.pk


def failed_although_it_was_sent() -> int:
    envio = sent()
    Envio.objects.filter(pk=envio.pk).update(state=S.ERROR, message_id=None, sent_at=None)
    return envio.pk


def pending_although_nobody_knows() -> int:
    envio = tried(S.PENDING, AttemptOutcome.UNKNOWN)
    return envio.pk


def cancelled_although_nobody_knows() -> int:
    envio = tried(S.CANCELLED, AttemptOutcome.UNKNOWN)
    return envio.pk


def attempts_that_the_log_does_not_have() -> int:
    envio = sent()
    Envio.objects.filter(pk=envio.pk).update(attempts=3)
    return envio.pk


def doubt_without_a_reason() -> int:
    envio: Envio = EnvioFactory(campaign=campaign(), state=S.UNCERTAIN, created_at=LONG_AGO)
    return envio.pk


def doubt_of_last_week() -> int:
    envio = tried(S.UNCERTAIN, AttemptOutcome.UNKNOWN, dispatched_at=NOW - dt.timedelta(days=7))
    return envio.pk


def doubt_that_nobody_asks_about() -> int:
    envio = tried(S.UNCERTAIN, AttemptOutcome.UNKNOWN, lookup_due=None)
    envio.session.capabilities = [Capability.LOOKUP.value]
    envio.session.save()
    return envio.pk


def acknowledgement_left_lying() -> int:
    envio = sent()
    waiting = EarlyReceipt.objects.create(
        session=envio.session,
        message_id=str(envio.message_id),
        kind=ReceiptKind.DELIVERED.value,
        at=LONG_AGO,
        received_at=LONG_AGO,
    )
    return waiting.pk


def totals_spoiled() -> int:
    ended = ended_campaign()
    CampaignTotals.objects.filter(pk=ended.pk).update(groups=[[S.SENT.value, 0, 1]])
    return ended.pk


def messages_miscounted() -> int:
    ended = ended_campaign()
    CampaignTotals.objects.filter(pk=ended.pk).update(messages=7)
    return ended.pk


def sums_of_a_day_spoiled() -> int:
    """Of the day before yesterday."""
    day = NOW - dt.timedelta(days=2)
    Envio.objects.filter(pk=sent().pk).update(sent_at=day)
    rollups.run(cells.SUMS, {"UTC"}, now=NOW)
    SendDay.objects.update(number=70)
    return RolledDay.objects.get(day=day.astimezone(dt.UTC).date()).pk


def line_charged_twice() -> int:
    day = AttemptDays.of(sent()).session_day
    assert day is not None
    SessionDay.objects.filter(pk=day.pk).update(used=2)
    return day.pk


def cap_not_charged() -> int:
    day = AttemptDays.of(sent()).schedule_day
    assert day is not None
    type(day).objects.filter(pk=day.pk).update(used=0)
    return day.pk


def lane_with_an_old_lease() -> int:
    envio = in_flight(since=LONG_AGO, dispatched=False)
    # The row itself was taken back; its lane was not.
    Envio.objects.filter(pk=envio.pk).update(state=S.PENDING, lane=None, token=None, lease_until=None)
    return int(envio.lane_id or 0)


def lane_that_no_attempt_uses() -> int:
    lane: Lane = LaneFactory(busy=True)
    return lane.pk


def attempt_that_never_ended() -> int:
    envio = tried(S.PENDING, AttemptOutcome.OPEN, dispatched_at=None)
    return Attempt.objects.get(envio=envio).pk


def running_with_nothing_left() -> int:
    done = running_campaign(launched_at=LONG_AGO)
    envio = EnvioFactory(campaign=done, state=S.ERROR, ended_at=LONG_AGO)
    return int(envio.campaign_id)


def ended_with_something_pending() -> int:
    ended = CampaignFactory(state=CampaignState.FINISHED, ended_at=LONG_AGO)
    EnvioFactory.create_batch(3, campaign=ended)
    return int(ended.pk)


class AttemptDays:
    @staticmethod
    def of(envio: Envio) -> Attempt:
        return Attempt.objects.select_related("session_day", "schedule_day").get(envio=envio)


def ended_campaign() -> Campaign:
    ended: Campaign = CampaignFactory(state=CampaignState.FINISHED, ended_at=LONG_AGO)
    EnvioFactory(campaign=ended, state=S.ERROR)
    assert totals.write_down(ended.pk, now=NOW)
    return ended


LIES = (
    Lie(check="envios.stuck", plant=sending_for_hours),
    Lie(check="envios.phantom", plant=sent_without_an_attempt),
    Lie(check="envios.phantom", plant=sent_without_an_id),
    Lie(check="envios.sent_denied", plant=pending_although_it_was_sent),
    Lie(check="envios.sent_denied", plant=failed_although_it_was_sent),
    Lie(check="envios.doubt_denied", plant=pending_although_nobody_knows),
    Lie(check="envios.doubt_denied", plant=cancelled_although_nobody_knows, repaired=False),
    Lie(check="envios.attempts", plant=attempts_that_the_log_does_not_have),
    Lie(check="inciertos.no_reason", plant=doubt_without_a_reason, repaired=False),
    Lie(check="inciertos.undecided", plant=doubt_of_last_week, repaired=False),
    Lie(check="inciertos.not_asked", plant=doubt_that_nobody_asks_about),
    Lie(check="receipts.waiting", plant=acknowledgement_left_lying),
    Lie(check="totals.wrong", plant=totals_spoiled),
    Lie(check="totals.wrong", plant=messages_miscounted),
    Lie(check="results.sends", plant=sums_of_a_day_spoiled),
    Lie(check="sessions.day", plant=line_charged_twice),
    Lie(check="campaigns.day", plant=cap_not_charged),
    Lie(check="lanes.stuck", plant=lane_with_an_old_lease),
    Lie(check="lanes.stuck", plant=lane_that_no_attempt_uses),
    Lie(check="lanes.open_attempt", plant=attempt_that_never_ended),
    Lie(check="campaigns.done", plant=running_with_nothing_left),
    Lie(check="campaigns.pending", plant=ended_with_something_pending),
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_is_found_and_mended(lie: Lie) -> None:
    assert_found_and_mended(lie, CHECKS, now=NOW)


def test_every_check_has_a_lie_that_tries_it() -> None:
    assert {lie.check for lie in LIES} == {check.name for check in CHECKS}


# --- What a repair leaves ----------------------------------------------------------------------------------------------


def test_a_phantom_becomes_a_doubt_that_says_why() -> None:
    pk = sent_with_the_id_of_nobody()

    # The gateway gave an id to the attempt: once the false one is gone, the true one is what counts.
    assert kinds(look(CHECKS, now=NOW, apply=True)) == ["envios.phantom", "envios.sent_denied"]

    envio = Envio.objects.get(pk=pk)
    attempt = Attempt.objects.get(envio=envio)
    assert (envio.state, envio.message_id) == (S.SENT, attempt.message_id)
    steps = EnvioEvent.objects.filter(envio=envio).order_by("id").values_list("from_state", "to_state", "evidence")
    assert list(steps) == [(S.SENT, S.UNCERTAIN, Evidence.RECONCILED), (S.UNCERTAIN, S.SENT, Evidence.RECONCILED)]


@pytest.mark.parametrize(("dispatched", "state"), [(True, S.UNCERTAIN), (False, S.PENDING)])
def test_what_was_stuck_is_in_doubt_only_if_it_may_have_left(dispatched: bool, state: EnvioState) -> None:
    envio = in_flight(since=LONG_AGO, dispatched=dispatched)

    assert kinds(look(CHECKS, now=NOW, apply=True)) == ["envios.stuck"]

    envio.refresh_from_db()
    attempt = AttemptDays.of(envio)
    assert envio.state == state
    assert not Lane.objects.filter(busy=True).exists()
    assert attempt.outcome == (AttemptOutcome.UNKNOWN if dispatched else AttemptOutcome.NOT_SENT)
    assert attempt.session_day is not None
    assert attempt.session_day.used == int(dispatched)
    assert look(CHECKS, now=NOW) == []


# --- What is well ------------------------------------------------------------------------------------------------------


def test_rows_as_the_engine_leaves_them_are_well() -> None:
    sent()
    tried(S.ERROR, AttemptOutcome.REFUSED, charged=False)
    tried(S.UNCERTAIN, AttemptOutcome.UNKNOWN)
    tried(S.PENDING, AttemptOutcome.NOT_SENT, charged=False)
    in_flight(since=NOW + dt.timedelta(minutes=3), dispatched=True)
    ended_campaign()
    # Acknowledged before its worker could write it down; and proven by a callback alone.
    EnvioFactory(campaign=campaign(), state=S.SENT, ack=Ack.DELIVERED)
    proven = tried(S.SENT, AttemptOutcome.UNKNOWN)
    EnvioEventFactory(envio=proven, evidence=Evidence.LOOKUP, from_state=S.UNCERTAIN, to_state=S.SENT)
    # A person sent it again; the person left: what was in the air ended as withdrawn.
    again = tried(S.PENDING, AttemptOutcome.UNKNOWN)
    EnvioEventFactory(envio=again, evidence=Evidence.PERSON, from_state=S.UNCERTAIN, to_state=S.PENDING, at=NOW)
    # Accepted, and refused afterwards.
    refused = tried(S.SENT, AttemptOutcome.SENT)
    Envio.objects.filter(pk=refused.pk).update(state=S.ERROR)
    EnvioEventFactory(envio=refused, evidence=Evidence.CALLBACK, from_state=S.SENT, to_state=S.ERROR)

    assert look(CHECKS, now=NOW) == []


def test_a_campaign_that_is_still_at_work_is_well() -> None:
    at_work = running_campaign(envios=1, launched_at=LONG_AGO)
    just_done = running_campaign(launched_at=LONG_AGO)
    EnvioFactory(campaign=just_done, state=S.ERROR, ended_at=NOW - dt.timedelta(minutes=1))
    cancelled = CampaignFactory(state=CampaignState.CANCELLED, ended_at=NOW)
    EnvioFactory(campaign=cancelled)

    assert look(CHECKS, now=NOW) == []
    assert lifecycle.allowed_verbs(at_work)


def test_days_without_attempts_are_well() -> None:
    SessionDayFactory()
    ScheduleDayFactory()
    AttemptFactory(refunded=True, outcome=AttemptOutcome.NOT_SENT, counted=False, token=uuid.uuid4())

    assert look(CHECKS, now=NOW) == []
