"""What is written down is read by everybody: it speaks the project's language, whoever asked for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

P = ParamSpec("P")
T = TypeVar("T")


def kept(sentence: Promise) -> str:
    """A lazy sentence for a row, whatever the language of the page that writes it."""
    with translation.override(settings.LANGUAGE_CODE):
        return str(sentence)


def in_project_language(act: Callable[P, T]) -> Callable[P, T]:
    """For acts that write down what they meet on the way, such as a gateway's trouble."""

    @functools.wraps(act)
    def speaking(*args: P.args, **kwargs: P.kwargs) -> T:
        with translation.override(settings.LANGUAGE_CODE):
            return act(*args, **kwargs)

    return speaking
