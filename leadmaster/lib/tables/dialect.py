"""How a text file marks its cells."""

from __future__ import annotations

import dataclasses

DELIMITERS = (";", ",", "\t", "|")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dialect:
    """`width` is how many cells most of the first records have; 0 when nobody looked.

    `spaced` files have a space between a separator and the quotes that follow it. In `wrapped` ones a whole line is
    one quoted cell, as Excel leaves them when it opens a CSV with the separator of another country. A `listed` one has
    no columns at all: phones, one after the other, as people paste them.
    """

    delimiter: str = ","
    quote: str = '"'
    spaced: bool = False
    wrapped: bool = False
    listed: bool = False
    width: int = 0
