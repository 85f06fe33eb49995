"""What waits for somebody's decision, as one list of every kind: each row with its cause, its age and its button."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from django.http import HttpRequest

# Beyond this the exact number helps nobody, and counting stops.
ENOUGH: Final = 100
# So long numbers and lists are kept; whoever decides something sees it at once.
KEPT_SECONDS: Final = 5
# So many rows of a kind stand in the list; the others are a link.
ROWS: Final = 4

T = TypeVar("T")


class Harm(enum.IntEnum):
    """What waiting costs, the worst first."""

    STOPS = 0  # nothing goes out, or nobody can work
    PEOPLE = 1  # a client or a colleague waits
    NOTICE = 2  # it can wait


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pending:
    """`url` shows it, `act` is where it is decided and `button` says what that is."""

    title: str
    cause: str
    since: dt.datetime
    url: str
    button: str
    act: str
    harm: Harm = Harm.PEOPLE


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pile:
    """Everything of one kind: the first rows and how many there are, up to `ENOUGH`."""

    kind: str
    icon: str
    url: str
    total: int
    rows: tuple[Pending, ...] = ()

    @property
    def shown(self) -> str:
        return shown(self.total)

    @property
    def more(self) -> str:
        """How many are not in the list; empty for none."""
        rest = self.total - len(self.rows)
        if rest <= 0:
            return ""
        return f"{rest}+" if self.total >= ENOUGH else str(rest)


def shown(number: int) -> str:
    """`99+` for what was not counted to its end."""
    return f"{ENOUGH - 1}+" if number >= ENOUGH else str(number)


def written(number: int) -> str:
    """Beside a menu entry: nothing for none."""
    return shown(number) if number else ""


def merged(piles: Iterable[Pile]) -> list[tuple[Pile, Pending]]:
    """The rows of all, the most harmful first and the oldest of those before the others."""
    rows = [(pile, row) for pile in piles for row in pile.rows]
    return sorted(rows, key=lambda pair: (pair[1].harm, pair[1].since))


def once(request: HttpRequest, name: str, find: Callable[[], T]) -> T:
    """What a request asks for in several places (menu, home) is found once."""
    kept: dict[str, Any] = request.__dict__.setdefault("found_once", {})
    if name not in kept:
        kept[name] = find()
    found: T = kept[name]
    return found
