"""The one door to an envío's state."""

from __future__ import annotations

import itertools

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from campaigns import envio_states
from campaigns.enums import EnvioState
from campaigns.models import Envio
from tests.factories.campaigns import EnvioFactory

pytestmark = pytest.mark.django_db

S = EnvioState


def test_the_table_knows_every_state() -> None:
    assert set(envio_states.TRANSITIONS) == set(EnvioState)


def test_a_row_that_is_elsewhere_does_not_move() -> None:
    envio = EnvioFactory(state=S.CANCELLED)

    assert envio_states.move(envio.pk, source=S.PENDING, target=S.SENT_BY_HAND) == 0
    assert envio_states.move(envio.pk, EnvioFactory(state=S.ERROR).pk, source=S.PENDING, target=S.CANCELLED) == 0

    envio.refresh_from_db()
    assert envio.state == S.CANCELLED


def test_a_guard_that_does_not_hold_moves_nothing() -> None:
    envio = EnvioFactory(state=S.PENDING)

    assert envio_states.move(envio.pk, source=S.PENDING, target=S.CANCELLED, guard=Q(attempts=7)) == 0
    assert envio_states.move(envio.pk, source=S.PENDING, target=S.CANCELLED, guard=Q(attempts=0)) == 1


def test_whatever_leaves_the_air_lets_go_of_its_lane() -> None:
    envio = EnvioFactory(state=S.SENDING)

    assert envio_states.move(envio.pk, source=S.SENDING, target=S.UNCERTAIN) == 1

    envio.refresh_from_db()
    assert (envio.state, envio.lane, envio.token, envio.lease_until) == (S.UNCERTAIN, None, None, None)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (source, target)
        for source, target in itertools.product(EnvioState, EnvioState)
        if target not in envio_states.TRANSITIONS[source]
    ],
)
def test_a_step_that_the_table_does_not_know_is_a_mistake_in_the_code(source: EnvioState, target: EnvioState) -> None:
    with pytest.raises(ValueError, match="never goes"):
        envio_states.move(1, source=source, target=target)


@pytest.mark.parametrize(
    "phantom",
    [
        {"state": S.SENT, "message_id": None, "sent_at": timezone.now()},
        {"state": S.SENT, "message_id": "", "sent_at": timezone.now()},
        {"state": S.SENT, "message_id": "true_1", "sent_at": None},
        {"state": S.SENDING, "token": None, "lane": None, "lease_until": None},
        {"state": S.SENT_BY_HAND, "settled_by": None, "settled_reason": ""},
        {"state": "inventado"},
        {"state": S.PENDING, "ack": 2, "message_id": None},
        {"state": S.PENDING, "ack": 9},
    ],
)
def test_the_database_itself_refuses_what_cannot_be(phantom: dict[str, object]) -> None:
    envio = EnvioFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        Envio.objects.filter(pk=envio.pk).update(**phantom)


def test_the_database_refuses_two_in_flight_on_one_lane_and_one_phone_twice() -> None:
    first = EnvioFactory(state=S.SENDING)
    second = EnvioFactory(campaign=first.campaign)

    with pytest.raises(IntegrityError), transaction.atomic():
        Envio.objects.filter(pk=second.pk).update(
            state=S.SENDING, lane=first.lane, token=first.token, lease_until=first.lease_until
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        EnvioFactory(campaign=first.campaign, phone=first.phone)


def test_the_database_refuses_one_message_id_twice_in_a_session() -> None:
    first = EnvioFactory(state=S.SENT)

    with pytest.raises(IntegrityError), transaction.atomic():
        EnvioFactory(campaign=first.campaign, state=S.SENT, message_id=first.message_id)
