"""Whoever gets a message may answer by themselves, so that conversations are seen at work. Off unless asked for.

Who answers, and as whom, follows from the number and the seed: the same person is the same whenever it is tried. They
ask, say yes, want to be left alone, or write from a number that WhatsApp hides; and answer once more when they are answered.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Final

# (how often among a hundred, what they write first, what they write when somebody answers)
_KINDS: Final[Sequence[tuple[int, Sequence[str], Sequence[str]]]] = (
    (
        45,
        ("Sí, me interesa", "Dale, contame más", "Hola! Sí, ¿cómo es?"),
        ("Perfecto, gracias", "Bueno, lo hablo en casa y te digo"),
    ),
    (
        35,
        ("¿Cuánto sale?", "¿Atienden en mi zona?", "¿Qué requisitos piden?"),
        ("Ah, ¿y se puede en cuotas?", "Buenísimo. ¿Me llamas mañana a la tarde?"),
    ),
    (20, ("No me escriban más por favor", "baja", "¿De dónde sacaron mi número? No me molesten"), ()),
)
_HIDDEN_OF: Final = 10  # one in so many writes from a lid
_WAIT: Final = (5.0, 40.0)  # seconds until they answer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody writes `after` so many seconds. `lid` is set for whoever hides their number."""

    text: str
    after: float
    lid: str = ""


class People:
    """Everybody who was written to, and how often they answered."""

    def __init__(self, *, seed: int | None = None) -> None:
        self._seed = seed or 0
        self._answered: dict[tuple[str, str], int] = {}

    def hear(self, tenant: str, phone: str, *, share: float) -> Said | None:
        """What this person writes back, if they do: `share` of all of them answer, two times at the most."""
        chance = random.Random(f"{self._seed}:{phone}")  # noqa: S311 - a play, not a secret
        times = self._answered.get((tenant, phone), 0)
        if chance.random() >= share or times > 1:
            return None
        _often, first, then = chance.choices(_KINDS, weights=[often for often, *_ in _KINDS])[0]
        words = then if times else first
        if not words:
            return None
        self._answered[tenant, phone] = times + 1
        hides = chance.randrange(_HIDDEN_OF) == 0
        return Said(
            text=chance.choice(words),
            after=chance.uniform(*_WAIT),
            lid=f"9{phone[::-1]}"[:15] if hides else "",
        )
