"""What this room refuses. `str()` is a Spanish sentence for the person who asked."""

from __future__ import annotations


class Refused(Exception):
    """Nothing was written."""


class NoCalendar(Refused):
    """There are no hours to count by. Counting around the clock instead would hide it, so nobody does."""
