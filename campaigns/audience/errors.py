"""The one way in which an audience refuses a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from campaigns.errors import Refused
from leadmaster.lib.tables.tabular import TabularError


class AudienceError(Refused):
    """Nothing was written. `code` is stable and for programs; `str()` says in Spanish what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@contextmanager
def file_errors() -> Iterator[None]:
    """A file that is no table is a refused audience."""
    try:
        yield
    except TabularError as error:
        raise AudienceError(error.code, error.sentence) from error
