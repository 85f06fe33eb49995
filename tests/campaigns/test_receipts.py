"""Fault 9 and kin: acknowledgements come twice, out of order, early, late, for nobody, and contradict what we know."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import uuid

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import receipts
from campaigns.enums import Ack, AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, EarlyReceipt, Envio, EnvioEvent
from campaigns.progress import progress
from leadmaster.ops.models import Alert
from tests.factories.campaigns import AttemptFactory, CampaignFactory, EnvioFactory, campaign_of
from tests.faults.world import START as NOW
from whatsapp.receipts import Receipt, ReceiptKind

pytestmark = pytest.mark.django_db(transaction=True)

K = ReceiptKind
AT = {kind: NOW + dt.timedelta(seconds=n) for n, kind in enumerate((K.SERVER, K.DELIVERED, K.READ, K.FAILED))}


def receipt(kind: ReceiptKind, message_id: str = "true_A", *, echo: uuid.UUID | None = None) -> Receipt:
    return Receipt(kind=kind, message_id=message_id, client_message_id=echo, at=AT[kind], error_code="131049")


def give(envio: Envio, *kinds: ReceiptKind, message_id: str = "true_A", echo: bool = False) -> Envio:
    for kind in kinds:
        one = receipt(kind, message_id, echo=envio.client_message_id if echo else None)
        receipts.apply(one, session=envio.session, now=NOW)
    envio.refresh_from_db()
    return envio


def sent(**fields: object) -> Envio:
    envio: Envio = EnvioFactory(state=EnvioState.SENT, message_id="true_A", sent_at=NOW, **fields)
    return envio


def in_doubt(tries: int = 1, **fields: object) -> Envio:
    envio: Envio = EnvioFactory(**{"state": EnvioState.UNCERTAIN, "dispatched_at": NOW, "attempts": tries, **fields})
    AttemptFactory.create_batch(tries, envio=envio, outcome=AttemptOutcome.UNKNOWN)
    return envio


def face(envio: Envio) -> tuple[object, ...]:
    return (envio.state, envio.ack, envio.server_at, envio.delivered_at, envio.read_at, envio.message_id)


# --- The scale -------------------------------------------------------------------------------------------------------


def test_each_step_is_taken_with_its_time() -> None:
    envio = give(sent(), K.SERVER, K.DELIVERED, K.READ)

    assert face(envio) == (EnvioState.SENT, Ack.READ, AT[K.SERVER], AT[K.DELIVERED], AT[K.READ], "true_A")
    assert progress(campaign_of(envio)).read == 1


def test_fault_09_ten_times_and_in_any_order_is_one_transition() -> None:
    seen = set()
    for order in itertools.permutations((K.SERVER, K.DELIVERED, K.READ)):
        envio = give(sent(campaign=CampaignFactory()), *(kind for kind in order for _ in range(10)))
        seen.add(face(envio))
        assert not EnvioEvent.objects.exists()

    assert seen == {(EnvioState.SENT, Ack.READ, AT[K.SERVER], AT[K.DELIVERED], AT[K.READ], "true_A")}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from(list(ReceiptKind)), min_size=1, max_size=6),
    known_after=st.integers(min_value=0, max_value=6),
    order=st.randoms(use_true_random=False),
)
def test_neither_order_nor_repetition_nor_earliness_changes_where_it_ends(
    kinds: list[ReceiptKind], known_after: int, order: object
) -> None:
    plain = give(sent(campaign=CampaignFactory()), *sorted(set(kinds), key=list(ReceiptKind).index))
    shuffled = list(kinds)
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    envio = EnvioFactory(campaign=CampaignFactory())
    give(envio, *shuffled[:known_after])  # nobody knows the message yet: kept
    Envio.objects.filter(pk=envio.pk).update(state=EnvioState.SENT, message_id="true_A", sent_at=NOW)
    receipts.apply_orphans(NOW)
    give(envio, *shuffled[known_after:])

    assert face(envio) == face(plain)
    assert not EarlyReceipt.objects.filter(session=envio.session).exists()


def test_ids_that_differ_in_case_alone_are_two_messages() -> None:
    one = EnvioFactory(state=EnvioState.SENT, message_id="true_3EB0aF", sent_at=NOW)
    other = EnvioFactory(
        campaign=CampaignFactory(), session=one.session, state=EnvioState.SENT, message_id="true_3eb0Af", sent_at=NOW
    )

    give(other, K.READ, message_id="true_3eb0Af")
    give(other, K.SERVER, message_id="TRUE_3EB0AF")  # nobody's: kept

    one.refresh_from_db()
    assert (one.ack, other.ack) == (Ack.NONE, Ack.READ)
    assert EarlyReceipt.objects.get().message_id == "TRUE_3EB0AF"


# --- Unknown and early -----------------------------------------------------------------------------------------------


def test_an_unknown_message_is_kept_once_and_changes_nothing() -> None:
    envio = EnvioFactory()

    give(envio, K.SERVER, K.SERVER, K.READ, message_id="true_nobody")

    assert envio.state == EnvioState.PENDING
    assert EarlyReceipt.objects.count() == 2


def test_strangers_do_not_stand_in_the_way_of_what_became_known() -> None:
    envio = sent()
    strangers = [
        EarlyReceipt(session=envio.session, message_id=f"true_{n}", kind=K.SERVER, at=NOW, received_at=NOW)
        for n in range(600)
    ]
    EarlyReceipt.objects.bulk_create(strangers)
    EarlyReceipt.objects.create(session=envio.session, message_id="true_A", kind=K.READ, at=NOW, received_at=NOW)

    assert receipts.apply_orphans(NOW) == 1

    envio.refresh_from_db()
    assert envio.ack == Ack.READ
    assert EarlyReceipt.objects.count() == 600


def test_what_nobody_claims_for_a_week_is_dropped() -> None:
    envio = EnvioFactory()
    give(envio, K.SERVER, message_id="true_nobody")

    receipts.apply_orphans(NOW + dt.timedelta(days=8))

    assert not EarlyReceipt.objects.exists()


# --- Proof -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "alarms"),
    [
        (EnvioState.UNCERTAIN, False),
        (EnvioState.SENDING, False),
        (EnvioState.SENT_BY_HAND, False),
        (EnvioState.PENDING, True),
        (EnvioState.CANCELLED, True),
        (EnvioState.ERROR, True),
    ],
)
def test_fault_10_a_proof_is_applied_wherever_it_finds_the_row(state: EnvioState, alarms: bool) -> None:
    envio = give(EnvioFactory(state=state), K.DELIVERED, echo=True)

    assert face(envio)[:2] == (EnvioState.SENT, Ack.DELIVERED)
    assert (envio.lane, envio.token) == (None, None)
    assert EnvioEvent.objects.get().evidence == Evidence.CALLBACK
    assert Alert.objects.filter(key=f"envio-conflict:{envio.pk}").exists() is alarms


def test_a_second_delivery_of_the_same_message_is_told_and_moves_nothing() -> None:
    envio = give(sent(), K.READ, message_id="true_B", echo=True)

    assert face(envio)[:2] == (EnvioState.SENT, Ack.NONE)
    assert envio.message_id == "true_A"
    assert Alert.objects.get().key == f"envio-conflict:{envio.pk}"


def test_our_own_id_decides_whose_acknowledgement_it_is_and_one_message_id_is_not_two_envios() -> None:
    other = sent()
    envio = in_doubt(campaign=other.campaign)
    # By its echo it speaks of this one, by the gateway's id of the other.
    give(envio, K.DELIVERED, echo=True)
    other.refresh_from_db()

    assert (envio.state, envio.ack, other.ack) == (EnvioState.UNCERTAIN, Ack.NONE, Ack.NONE)
    assert Alert.objects.filter(open_key=f"envio-conflict:{envio.pk}").exists()


def test_an_echo_that_is_nobody_of_ours_leaves_the_message_id_to_decide() -> None:
    envio = sent()
    receipts.apply(receipt(K.READ, echo=uuid.uuid4()), session=envio.session, now=NOW)
    envio.refresh_from_db()

    assert envio.ack == Ack.READ


# --- Clocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2000, 2199])
@pytest.mark.parametrize("early", [False, True])
def test_a_gateways_clock_is_held_between_the_dispatch_and_now_and_its_word_is_kept(year: int, early: bool) -> None:
    left, now = NOW - dt.timedelta(minutes=5), NOW
    told = dataclasses.replace(receipt(K.DELIVERED), at=dt.datetime(year, 1, 1, tzinfo=dt.UTC))
    envio = in_doubt(dispatched_at=left)
    if early:
        receipts.apply(told, session=envio.session, now=now)
        with transaction.atomic():
            receipts.prove_sent(envio.pk, message_id="true_A", evidence=Evidence.LOOKUP, at=left, now=now)
        assert receipts.apply_orphans(now) == 1
    else:
        for _ in range(3):
            receipts.apply(
                dataclasses.replace(told, client_message_id=envio.client_message_id), session=envio.session, now=now
            )
    envio.refresh_from_db()

    noted = left if year == 2000 else now
    assert (envio.state, envio.delivered_at) == (EnvioState.SENT, noted)
    assert envio.sent_at is not None
    assert left <= envio.sent_at <= now
    [kept] = [event for event in EnvioEvent.objects.all() if str(year) in event.reason]
    assert kept.reason.count("T") >= 2


# --- Late refusal ----------------------------------------------------------------------------------------------------


def test_a_late_refusal_is_an_error_until_it_was_delivered() -> None:
    refused = give(sent(), K.SERVER, K.FAILED)
    delivered = give(sent(campaign=CampaignFactory()), K.DELIVERED, K.FAILED)

    assert (refused.state, refused.error_code) == (EnvioState.ERROR, "131049")
    assert delivered.state == EnvioState.SENT


def test_a_refusal_of_another_message_does_not_undo_what_was_sent() -> None:
    envio = give(sent(), K.FAILED, message_id="true_B", echo=True)

    assert (envio.state, envio.message_id) == (EnvioState.SENT, "true_A")


def test_a_refusal_ends_a_doubt_when_there_was_one_try() -> None:
    envio = give(in_doubt(), K.FAILED, echo=True)

    assert (envio.state, envio.message_id, envio.lookup_due) == (EnvioState.ERROR, "true_A", None)


def test_a_refusal_of_one_of_two_tries_leaves_the_doubt() -> None:
    envio = give(in_doubt(tries=2), K.FAILED, echo=True)

    assert envio.state == EnvioState.UNCERTAIN


def test_a_refusal_that_overtakes_our_own_answer_stands() -> None:
    envio = EnvioFactory(state=EnvioState.SENDING, dispatched_at=NOW)
    AttemptFactory(envio=envio, token=envio.token)
    give(envio, K.FAILED, echo=True)
    assert envio.state == EnvioState.ERROR

    # The answer: accepted, with the same id. It says nothing new.
    with transaction.atomic():
        receipts.prove_sent(envio.pk, message_id="true_A", evidence=Evidence.LATE_ANSWER, at=NOW, now=NOW)
    give(envio, K.SERVER)

    assert (envio.state, envio.ack) == (EnvioState.ERROR, Ack.SERVER)


def test_a_refusal_before_anything_left_says_nothing_about_this_try() -> None:
    envio = EnvioFactory(state=EnvioState.SENDING)
    AttemptFactory(envio=envio, token=envio.token)

    give(envio, K.FAILED, echo=True)

    assert envio.state == EnvioState.SENDING
    assert Attempt.objects.get().outcome == AttemptOutcome.OPEN
