"""What ends an import before it began."""

from __future__ import annotations


class LegacyError(Exception):
    """A sentence that says what to do."""
