"""A provider that nobody here tuned for: whatever it answers, no message that left is called "not sent"."""

from __future__ import annotations

import uuid

import pytest

from tests.faults.second_provider.misbehaviours import ALL, Misbehaviour
from tests.faults.second_provider.provider import SecondProvider, serving
from whatsapp.gateways.base import GatewayConfig, GatewayError, OutboundMessage, Outcome, SendResult
from whatsapp.gateways.registry import open_gateway
from whatsapp.models import GatewayKind

TENANT = "71"
PATIENCE = 0.7


def answer_of(provider: SecondProvider) -> SendResult | GatewayError:
    """What the sender makes of one send."""
    with serving(provider) as base_url:
        config = GatewayConfig(
            kind=GatewayKind.SESSION_MANAGER, base_url=base_url, tenant_id=TENANT, send_timeout=PATIENCE
        )
        message = OutboundMessage(phone="+5493515550101", text="Hola", client_message_id=uuid.uuid4())
        try:
            return open_gateway(config).send(message)
        except GatewayError as error:
            return error


@pytest.mark.parametrize("bad", ALL, ids=lambda bad: bad.name)
def test_what_left_is_never_called_not_sent(bad: Misbehaviour) -> None:
    provider = SecondProvider([TENANT], seed=1, share=1.0, pool=[bad])

    answer = answer_of(provider)

    assert bad.name in provider.done
    left = {line.message_id for line in provider.ledger()}
    assert len(left) == bad.delivered
    if isinstance(answer, SendResult):
        assert answer.message_id in left
    elif left:
        assert answer.outcome is Outcome.UNKNOWN


def test_a_provider_that_behaves_is_believed() -> None:
    provider = SecondProvider([TENANT], seed=1, share=0.0)

    answer = answer_of(provider)

    assert isinstance(answer, SendResult)
    assert [line.message_id for line in provider.ledger()] == [answer.message_id]


def test_the_provider_has_fifty_ways_and_more() -> None:
    assert len({bad.name for bad in ALL}) == len(ALL) >= 50
