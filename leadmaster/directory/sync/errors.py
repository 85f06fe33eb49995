"""The one way in which a synchronisation fails."""

from __future__ import annotations

from django.utils.functional import Promise


class SyncError(Exception):
    """It stopped, and what was committed before stays. `code` is stable and for programs; `str()` says in Spanish what
    to do."""

    def __init__(self, code: str, sentence: str | Promise) -> None:
        super().__init__(str(sentence))
        self.code = code
