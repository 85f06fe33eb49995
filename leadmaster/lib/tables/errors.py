"""The one way in which a file refuses to be a table."""

from __future__ import annotations

from django.utils.functional import Promise


class TabularError(Exception):
    """`code` is stable and for programs; `sentence` says in the reader's language what is wrong and what to do."""

    def __init__(self, code: str, sentence: str | Promise) -> None:
        super().__init__(code)
        self.code = code
        self._sentence = sentence

    @property
    def sentence(self) -> str:
        return str(self._sentence)

    def __str__(self) -> str:
        return self.sentence
