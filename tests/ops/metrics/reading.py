"""What a scraper would read now, without what the process has kept."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from leadmaster.ops.metrics.database import DatabaseCollector
from leadmaster.ops.metrics.exposition import render
from leadmaster.urls import FIGURES


def text() -> str:
    content, _content_type = render(DatabaseCollector(FIGURES), accept="")
    return content.decode()


def figures() -> dict[str, float]:
    """By name and labels, as `series` writes them."""
    return {
        series(name, **labels): value
        for family in text_string_to_metric_families(text())
        for name, labels, value, *_rest in family.samples
    }


def series(name: str, **labels: str) -> str:
    """`leadmaster_lanes{state="busy"}`."""
    inside = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return name + (f"{{{inside}}}" if inside else "")


def of(name: str) -> dict[str, float]:
    """One family, by the value of its only label."""
    start = f"leadmaster_{name}{{"
    return {key.split('"')[1]: value for key, value in figures().items() if key.startswith(start)}
