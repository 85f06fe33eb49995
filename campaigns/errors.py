"""Refusals that a person reads: each carries a Spanish sentence that says what to do."""

from __future__ import annotations


class Refused(Exception):
    """Something was asked that can't be done now. `str()` is for the person who asked; nothing was written."""


class WrongState(Refused):
    """The row is not in a state from which this can be done."""


class Stale(WrongState):
    """It changed since this person looked at it."""


class NotAllowed(Refused):
    """This person may not do this to this row."""


class Incomplete(Refused):
    """Something is missing first."""
