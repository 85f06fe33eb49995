"""The desk's refusals: each carries a Spanish sentence that says what to do. Nothing was written."""

from __future__ import annotations


class Refused(Exception):
    """Something was asked that can't be done now."""


class NotAllowed(Refused):
    """This person may not do this to this row."""


class WrongState(Refused):
    """The row is not where this can be done."""


class Stale(Refused):
    """Somebody changed it since this person looked."""


class Incomplete(Refused):
    """Something is missing first."""


class NoQuota(Refused):
    """The day's quota does not admit it."""


class Unavailable(Refused):
    """This promoter receives nothing now."""


class AlreadySold(Refused):
    """There is a sale already, with other data."""


class Taken(Refused):
    """Somebody is working this client already; `own`: whoever asks, in this opportunity."""

    def __init__(self, sentence: str, *, own: int | None = None) -> None:
        super().__init__(sentence)
        self.own = own
