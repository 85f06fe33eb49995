"""What the numbers of Meta's errors mean. Only the number decides: texts and subcodes change without notice."""

from __future__ import annotations

from typing import Any

from whatsapp.gateways import answers
from whatsapp.gateways.answers import Meaning
from whatsapp.gateways.base import GatewayError
from whatsapp.gateways.transport import Answer

_MEANINGS: dict[int, Meaning] = {
    **dict.fromkeys((0, 190), answers.NOT_AUTHORISED),
    **dict.fromkeys((3, 10, *range(200, 300)), answers.NO_PERMISSION),
    **dict.fromkeys((1, 2, 131000, 131016), answers.SERVICE),
    **dict.fromkeys((4, 80007, 130429), answers.RATE_LIMITED),
    131056: answers.PAIR_RATE,
    131048: answers.QUALITY,
    **dict.fromkeys((131049, 130472), answers.PERSON_LIMIT),
    131050: answers.STOPPED_MARKETING,
    131026: answers.UNDELIVERABLE,
    131047: answers.NEEDS_TEMPLATE,
    **dict.fromkeys((100, 131008, 131009, 131051, 33), answers.VALIDATION),
    **dict.fromkeys((131031, 368, 131042), answers.ACCOUNT),
}
_TEMPLATES = range(132000, 133000)


def meaning_of(code: int) -> Meaning | None:
    """None for a number that nobody has told us of."""
    return answers.TEMPLATE if code in _TEMPLATES else _MEANINGS.get(code)


def told(code: int) -> str:
    return f"Meta {code}"


def read_refusal(answer: Answer) -> GatewayError:
    """What an answer outside 2xx means for the message that was handed over.

    Graph answers with its error *instead of* a message id, so its own shape proves that it did not take the message,
    and the number says why. A number that we don't know is taken for a refusal for good when it came with a 4xx, which
    Graph gives to what it did not begin: nothing is sent twice by that, and a `delivered` that came all the same would
    still be applied. With a 5xx it is a doubt. Without that shape nothing is proven.
    """
    code = error_code(answer)
    if code is None:
        status = answers.BY_STATUS_ALONE.get(answer.status, answers.BAD_ANSWER)
        return answers.in_doubt(status).error(answer=answer)
    meaning = meaning_of(code)
    if meaning is None:
        meaning = answers.REFUSED_BY_VENDOR if 400 <= answer.status < 500 else answers.GATEWAY_ERROR
        return meaning.error(code=f"META_{code}", answer=answer, told=told(code))
    return meaning.error(answer=answer, told=told(code))


def read_trouble(answer: Answer) -> GatewayError:
    """What an answer outside 2xx to a call that sends no message says about the line."""
    code = error_code(answer)
    meaning = None if code is None else meaning_of(code)
    if code is not None and (meaning is answers.VALIDATION or answer.status == 404):
        # An id that is not there, or not this token's, is answered with 100 and 33.
        return answers.UNKNOWN_SESSION.error(answer=answer, told=told(code))
    if meaning is not None and code is not None:
        return meaning.error(answer=answer, told=told(code))
    return answers.BY_STATUS_ALONE.get(answer.status, answers.BAD_ANSWER).error(answer=answer)


def error_code(answer: Answer) -> int | None:
    """The number of an error in Graph's own shape, or None for anything else."""
    body = answers.json_object(answer)
    error: Any = body.get("error") if body is not None else None
    if (
        not isinstance(error, dict)
        or not isinstance(error.get("message"), str)
        or not isinstance(error.get("type"), str)
    ):
        return None
    code = error.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) and 0 <= code < 10_000_000 else None
