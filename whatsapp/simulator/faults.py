"""Which request meets which fault. Rules come from a JSON file or from /_control/faults; docs/simulator.md lists them."""

from __future__ import annotations

import dataclasses
import enum
import random
from collections.abc import Mapping
from typing import Any


class FaultError(ValueError):
    """A specification that makes no sense; the sentence says what to write."""


class Kind(enum.StrEnum):
    SLOW = "slow"  # works for `min`–`max` seconds, then delivers and answers
    LATE = "late"  # delivers at once, answers after `seconds`
    RESET = "reset"  # TCP reset instead of an answer
    CLOSE = "close"  # closes without an answer
    HANG = "hang"  # never answers
    STATUS = "status"  # answers `status`, in the contract's error shape unless `body` is given
    GARBAGE = "garbage"  # 200 with a body that is no JSON
    NO_ID = "no_id"  # 200 without message_id
    DRIP = "drip"  # the right answer, one byte every `interval` seconds
    DROP = "drop"  # resets a new connection when its first request begins to arrive
    STATE = "state"  # the session falls into `state`, then refuses with 409
    CALLBACKS = "callbacks"  # sends well, but acknowledges by `acks`


# A fault of these kinds strikes after WhatsApp took the message, unless "delivered": false says otherwise.
_AFTER_DELIVERY = {Kind.LATE, Kind.RESET, Kind.CLOSE, Kind.HANG, Kind.GARBAGE, Kind.NO_ID, Kind.DRIP}
_ALWAYS_DELIVERED = {Kind.SLOW, Kind.CALLBACKS}
_NEVER_DELIVERED = {Kind.DROP, Kind.STATE}
ACKS = ("server", "delivered", "read", "failed")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ack:
    """One acknowledgement callback: `after` seconds from the delivery, `times` times."""

    ack: str
    after: float = 0.0
    times: int = 1
    message_id: str | None = None  # instead of the real one: an id that nobody knows
    error_code: str | None = None
    error_text: str | None = None

    def __post_init__(self) -> None:
        if self.ack not in ACKS:
            raise FaultError(f"ack is {self.ack!r}: write one of {', '.join(ACKS)}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    kind: Kind
    delivered: bool
    min: float = 0.0
    max: float = 0.0
    seconds: float = 0.0
    status: int = 500
    code: str | None = None
    body: str | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    whatsapp_code: int | None = None
    interval: float = 1.0
    state: str = "DISCONNECTED"
    acks: tuple[Ack, ...] = ()
    before_response: bool = False  # the acknowledgements go out before the answer does


@dataclasses.dataclass(kw_only=True)
class Rule:
    """A fault and the requests that meet it. All conditions must hold; one that is not given holds always."""

    fault: Fault
    route: str = "send"
    tenant: str | None = None
    phone: str | None = None  # digits
    nth: frozenset[int] | None = None  # 1 is the first request that the conditions above let through
    every: int | None = None
    probability: float = 1.0
    count: int | None = None  # strikes at most so often
    seen: int = 0
    struck: int = 0

    def strikes(self, *, route: str, tenant: str, phone: str, chance: float) -> bool:
        """Count this request, and say whether the fault meets it."""
        if route != self.route or self.tenant not in (None, tenant) or self.phone not in (None, phone):
            return False
        self.seen += 1
        if self.nth is not None and self.seen not in self.nth:
            return False
        if self.every is not None and self.seen % self.every:
            return False
        if self.count is not None and self.struck >= self.count:
            return False
        if chance >= self.probability:
            return False
        self.struck += 1
        return True


class Faults:
    """The rules in force. The first that strikes wins; later ones do not see that request."""

    def __init__(self, *, seed: int | None = None) -> None:
        self.rules: list[Rule] = []
        self._random = random.Random(seed)  # noqa: S311 - chaos, not cryptography

    def pick(self, *, route: str, tenant: str = "", phone: str = "") -> Fault | None:
        for rule in self.rules:
            if rule.strikes(route=route, tenant=tenant, phone=phone, chance=self._random.random()):
                return rule.fault
        return None

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def add(self, specifications: object) -> None:
        """Add one rule or a list of them, all or none. Raises FaultError with a sentence."""
        self.rules += _parse_rules(specifications)

    def replace(self, specifications: object) -> None:
        """Only these rules from now on, or no change at all. Raises FaultError with a sentence."""
        self.rules = _parse_rules(specifications)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {"fault": rule.fault.kind, "route": rule.route, "seen": rule.seen, "struck": rule.struck}
            for rule in self.rules
        ]


def _parse_rules(specifications: object) -> list[Rule]:
    if isinstance(specifications, dict):
        specifications = [specifications]
    if not isinstance(specifications, list):
        raise FaultError("faults must be a JSON list of objects")
    return [parse_rule(specification) for specification in specifications]


def parse_rule(specification: object) -> Rule:
    """A rule from its JSON form. Raises FaultError that names what is wrong."""
    if not isinstance(specification, dict):
        raise FaultError(f"a fault is a JSON object, not {type(specification).__name__}")
    given = _Given(specification)
    try:
        kind = Kind(given.take("fault", str, None))
    except ValueError:
        raise FaultError(f"unknown fault {specification.get('fault')!r}: write one of {', '.join(Kind)}") from None
    shortest = given.take("min", (int, float), 0.0)
    longest = given.take("max", (int, float), shortest)
    if not 0 <= shortest <= longest:
        raise FaultError(f'"min" is {shortest} and "max" is {longest}: write seconds, the shorter first')
    retry_after = given.take("retry_after", (int, str), None)
    fault = Fault(
        kind=kind,
        delivered=_delivered(kind, wanted=given.take("delivered", bool, None)),
        min=shortest,
        max=longest,
        seconds=given.take("seconds", (int, float), 0.0),
        status=given.take("status", int, 500),
        code=given.take("code", str, None),
        body=given.take("body", str, None),
        headers={
            **given.take("headers", dict, {}),
            **({} if retry_after is None else {"Retry-After": str(retry_after)}),
        },
        whatsapp_code=given.take("whatsapp_code", int, None),
        interval=given.take("interval", (int, float), 1.0),
        state=given.take("state", str, "DISCONNECTED"),
        acks=tuple(parse_ack(ack) for ack in given.take("acks", list, [])),
        before_response=given.take("before_response", bool, False),
    )
    nth = given.take("nth", (int, list), None)
    rule = Rule(
        fault=fault,
        route="connection" if kind is Kind.DROP else given.take("route", str, "send"),
        tenant=given.take("tenant", str, None),
        phone=given.take("phone", str, None),
        nth=None if nth is None else frozenset(nth if isinstance(nth, list) else [nth]),
        every=given.take("every", int, None),
        probability=given.take("probability", (int, float), 1.0),
        count=given.take("count", int, None),
    )
    given.nothing_left()
    return rule


def parse_ack(specification: object) -> Ack:
    if isinstance(specification, str):
        return Ack(ack=specification)
    if not isinstance(specification, dict):
        raise FaultError("an ack is a name or a JSON object")
    given = _Given(specification)
    ack = Ack(
        ack=given.take("ack", str, ""),
        after=given.take("after", (int, float), 0.0),
        times=given.take("times", int, 1),
        message_id=given.take("message_id", str, None),
        error_code=given.take("error_code", str, None),
        error_text=given.take("error_text", str, None),
    )
    given.nothing_left()
    return ack


def _delivered(kind: Kind, *, wanted: bool | None) -> bool:
    if wanted is not None and kind in _ALWAYS_DELIVERED | _NEVER_DELIVERED:
        raise FaultError(f'"delivered" makes no sense with the fault {kind.value!r}')
    if wanted is not None:
        return wanted
    return kind in _AFTER_DELIVERY | _ALWAYS_DELIVERED


class _Given:
    """The keys of a JSON object, taken one by one so that a misspelt one is noticed."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = dict(values)

    def take(self, name: str, kind: type | tuple[type, ...], default: Any) -> Any:
        value = self._values.pop(name, None)
        if value is None:
            return default
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise FaultError(f"{name!r} is {value!r}: write {' or '.join(each.__name__ for each in kinds)}")
        return value

    def nothing_left(self) -> None:
        if self._values:
            raise FaultError(f"unknown key {', '.join(sorted(self._values))}")
