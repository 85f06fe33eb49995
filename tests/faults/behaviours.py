"""What a gateway may do with a message, one of each kind, in the words of the real client's table."""

from __future__ import annotations

import dataclasses

from tests.faults.world import Behaviour
from whatsapp.gateways import answers
from whatsapp.gateways.base import GatewayError, Outcome, Scope
from whatsapp.gateways.transport import Failure

DEADLINE = 90.0


def _late(error: GatewayError, **changes: object) -> GatewayError:
    for name, value in changes.items():
        setattr(error, name, value)
    return error


@dataclasses.dataclass(frozen=True)
class Kind:
    """A name, and a fresh behaviour for each message."""

    name: str
    delivers: bool
    seconds: float = 1.0
    error: GatewayError | None = None

    def __call__(self, _message: object = None) -> Behaviour:
        return Behaviour(delivers=self.delivers, seconds=self.seconds, error=self.error)

    @property
    def outcome(self) -> Outcome | None:
        if self.error is None:
            return Outcome.UNKNOWN if self.seconds > DEADLINE else None
        return self.error.outcome

    @property
    def session_wide(self) -> bool:
        return self.error is not None and self.error.scope is Scope.SESSION

    @property
    def unreachable(self) -> bool:
        """No byte of the message left."""
        return self.session_wide and self.error is not None and self.error.http_status is None


OK = Kind("ok", delivers=True)
KINDS = (
    OK,
    Kind("slow", delivers=True, seconds=40.0),
    Kind("after the deadline", delivers=True, seconds=DEADLINE + 30),
    Kind("accepted, then reset", delivers=True, error=answers.CONNECTION_LOST.error()),
    Kind("reset, never accepted", delivers=False, error=answers.CONNECTION_LOST.error()),
    Kind("accepted, then 502", delivers=True, error=answers.GATEWAY_ERROR.error()),
    Kind("accepted, then garbage", delivers=True, error=answers.BAD_ANSWER.error()),
    Kind("refused number", delivers=False, error=answers.NOT_ON_WHATSAPP.error()),
    Kind("refused by WhatsApp, may be tried again", delivers=False, error=answers.WHATSAPP_ERROR.error()),
    Kind("409 not ready", delivers=False, error=_late(answers.NOT_READY.error(), http_status=409)),
    Kind("401 wrong token", delivers=False, error=_late(answers.NOT_AUTHORISED.error(), http_status=401)),
    Kind(
        "429 retry after", delivers=False, error=_late(answers.RATE_LIMITED.error(), http_status=429, retry_after=120.0)
    ),
    Kind("connection refused", delivers=False, error=answers.NO_ANSWER[Failure.CONNECT].error()),
    Kind("463 first contact", delivers=False, error=answers.COLD.error()),
)
BY_NAME = {kind.name: kind for kind in KINDS}
# What leaves open whether the message arrived, and what proves that it did not leave. Between them and OK: all.
IN_DOUBT = tuple(kind for kind in KINDS if kind.outcome in (None, Outcome.UNKNOWN) and kind is not OK)
UNSENT = tuple(kind for kind in KINDS if kind.outcome in (Outcome.NOT_SENT, Outcome.REFUSED))
