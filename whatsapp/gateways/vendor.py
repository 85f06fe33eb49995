"""What the clients of foreign gateways share: one exchange, and the line between calls that send and calls that ask."""

from __future__ import annotations

import abc
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from whatsapp.gateways import answers
from whatsapp.gateways.asking import changed, misunderstood
from whatsapp.gateways.base import (
    MAX_MESSAGE_ID_LENGTH,
    GatewayConfig,
    GatewayError,
    OutboundMessage,
    Outcome,
    SendResult,
)
from whatsapp.gateways.transport import Answer, TransportError, exchange

# Seconds to a connection; a gateway that needs longer is not there.
CONNECT_TIMEOUT = 5.0
USER_AGENT = "LeadMaster/1.0.0"

_PHONE = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
_MESSAGE_ID = re.compile(rf"[\x21-\x7e]{{1,{MAX_MESSAGE_ID_LENGTH}}}")


class VendorGateway(abc.ABC):
    """One line at a vendor. Holds nothing but its configuration, so any number of threads may share it."""

    def __init__(self, config: GatewayConfig) -> None:
        self.config = config
        self.base_url = config.base_url.rstrip("/")
        self.host = urlsplit(config.base_url).netloc.rpartition("@")[2]

    # --- What each vendor says differently ------------------------------------------------------------------------

    @abc.abstractmethod
    def headers(self) -> dict[str, str]:
        """Those that authenticate us."""

    @abc.abstractmethod
    def refusal(self, answer: Answer) -> GatewayError:
        """What an answer outside 2xx means for the message that was handed over."""

    @abc.abstractmethod
    def trouble(self, answer: Answer) -> GatewayError:
        """What an answer outside 2xx to a call that sends no message says about the line."""

    # --- One exchange ---------------------------------------------------------------------------------------------

    @property
    def line(self) -> str:
        """The line's name at the vendor, as a part of a path."""
        return quote(self.config.tenant_id, safe="")

    def hand_over(
        self, path: str, message: OutboundMessage, body: Mapping[str, Any], *, spent: float = 0.0
    ) -> tuple[Answer, dict[str, Any]]:
        """Send one message; `spent` seconds of its deadline are over. Returns a 2xx and its JSON object; raises GatewayError with what anything else means."""
        if not _PHONE.fullmatch(message.phone):
            raise answers.VALIDATION.error()
        try:
            answer = self._exchange("POST", path, json=body, timeout=max(self.config.send_timeout - spent, 0.0))
        except TransportError as error:
            raise answers.read_no_answer(error) from error
        if not 200 <= answer.status < 300:
            raise self.refusal(answer)
        found = answers.json_object(answer)
        if found is None:
            raise answers.BAD_ANSWER.error(answer=answer)
        return answer, found

    def accepted(self, answer: Answer, message_id: object) -> SendResult:
        """The result of a 2xx; without an id that can be kept nobody knows."""
        if not message_id:
            raise answers.NO_MESSAGE_ID.error(answer=answer)
        if not isinstance(message_id, str) or not _MESSAGE_ID.fullmatch(message_id):
            raise answers.BAD_ANSWER.error(answer=answer)
        return SendResult(message_id=message_id, http_status=answer.status, host=self.host)

    def ask(
        self, method: str, path: str, *, json: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> Answer:
        """A call that sends no message: whatever goes wrong with it, nothing was sent."""
        try:
            return self._exchange(method, path, json=json, timeout=timeout or self.config.call_timeout)
        except TransportError as error:
            raise changed(answers.read_no_answer(error), outcome=Outcome.NOT_SENT) from error

    def told(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of a 2xx to a call that sends no message. Raises GatewayError for anything else."""
        if not 200 <= answer.status < 300:
            raise changed(self.trouble(answer), outcome=Outcome.NOT_SENT)
        body = answers.json_object(answer)
        if body is None:
            raise misunderstood(answer)
        return body

    def _exchange(self, method: str, path: str, *, timeout: float, json: Mapping[str, Any] | None = None) -> Answer:
        return exchange(
            method,
            self.base_url + path,
            headers={"User-Agent": USER_AGENT, "Content-Type": "application/json", **self.headers()},
            json=json,
            timeout=timeout,
            connect_timeout=CONNECT_TIMEOUT,
        )
