"""The filter options of a promoter: each facet's values with what can be had of them, among millions."""

from __future__ import annotations

import time

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from opportunities.assignment import facets
from opportunities.assignment.filters import FACETS, Filters
from opportunities.models import Promoter
from tests.bench import desk_stage
from tests.bench.desk_crowd import load
from tests.bench.figures import percentile, say, scaled

CHOSEN = {
    "nothing chosen": Filters(),
    "a province": Filters(province="province 03"),
    "a town": Filters(province="province 05", city="city 07"),
    "an agreement": Filters(agreement="agreement 02"),
    "a province and an agreement": Filters(province="province 04", agreement="agreement 03"),
}


def run() -> None:
    clients, looks = scaled("DESK_OPTION_CLIENTS", 5_000_000), scaled("DESK_LOOKS", 15)
    promoters = desk_stage.open_desks(teams=4, promoters=4).promoters
    desk_stage.grow_directory(to=clients)
    say(f"  {clients:,} clients; the options of one facet in ms, {load()}")
    everything: list[float] = []
    for name, filters in CHOSEN.items():
        for facet in FACETS:
            if facet == "city" and not filters.province:
                continue
            seconds = [_look(promoters[number % len(promoters)], filters, facet) for number in range(looks)]
            with CaptureQueriesContext(connection) as context:
                found = facets.options(promoters[0], filters, facet, now=timezone.now())
            everything += seconds
            p50, p95 = (1000 * percentile(seconds, percent) for percent in (50, 95))
            say(
                f"    {name:<28} {facet:<12} {len(found):3} values  {len(context):3} queries  "
                f"p50 {p50:6,.1f}  p95 {p95:6,.1f}"
            )
    say(
        f"    all of them: p50 {1000 * percentile(everything, 50):,.1f}  p95 {1000 * percentile(everything, 95):,.1f} ms"
    )


def _look(promoter: Promoter, filters: Filters, facet: str) -> float:
    started = time.perf_counter()
    facets.options(promoter, filters, facet, now=timezone.now())
    return time.perf_counter() - started
