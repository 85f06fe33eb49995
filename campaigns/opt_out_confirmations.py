"""Who was told that their opt-out was heard: once a person, until they come back. No number is kept for it."""

from __future__ import annotations

from campaigns.models import AutomaticAnswer
from leadmaster.directory.models import phone_keys


def key_of(phone: str) -> str:
    """Under which the one confirmation of this E.164 phone is written down."""
    return _keys(phone)[0]


def confirmed(phone: str) -> bool:
    return AutomaticAnswer.objects.filter(once__in=_keys(phone)).exists()


def forget(phone: str) -> None:
    """They are written to again: should they ask once more, they are told once more."""
    AutomaticAnswer.objects.filter(once__in=_keys(phone)).update(once=None)


def _keys(phone: str) -> list[str]:
    """By today's key and by those of before."""
    return [f"baja:{digest}" for digest in phone_keys(phone)]
