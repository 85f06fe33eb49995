"""Numbers as people read them. The one place that writes to the terminal."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Sequence


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def scaled(name: str, default: int) -> int:
    """A size of the benchmark: BENCH_<NAME> replaces it."""
    return int(os.environ.get(f"BENCH_{name}", default))


def spread(values: Sequence[float], digits: int = 0) -> str:
    """min / median / max."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{low:,.{digits}f} / {middle:,.{digits}f} / {high:,.{digits}f}"


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank, so that it is a value that was really seen."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def tail(values: Sequence[float], unit: str, digits: int = 1) -> str:
    """p50, p99 and the worst."""
    if not values:
        return "none"
    p50, p99 = percentile(values, 50), percentile(values, 99)
    return f"p50 {p50:,.{digits}f}  p99 {p99:,.{digits}f}  max {max(values):,.{digits}f} {unit}  ({len(values):,} seen)"
