"""JSON from outside, of a bounded depth: whoever writes thousands of brackets means no data.

The bound is ours. Python's recursion limit is another one in each version, and some parsers never meet it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 32

# A string is one match, whatever it holds; one that never ends runs to the end of the text.
_STEPS: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


class TooDeepError(ValueError):
    """One inside another, more often than MAX_DEPTH."""


def check_depth(text: str) -> None:
    """Raises TooDeepError. Reads the text once, without taking it apart."""
    depth = 0
    for step in _STEPS.finditer(text):
        if step[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise TooDeepError("more levels than any of our data has")
        elif step[0] in "]}":
            depth -= 1


def loads(raw: bytes | str, *, strict: bool = False) -> Any:
    """`json.loads` for what strangers send. Raises ValueError, of which TooDeepError is one kind.

    `strict` refuses NaN and Infinity, which Python reads and JSON has not.
    """
    text = raw if isinstance(raw, str) else raw.decode(json.detect_encoding(raw), "surrogatepass")
    check_depth(text)
    return json.loads(text, parse_constant=_refuse_constant if strict else None)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
