"""Twenty clients for a promoter, at growing sizes of the directory, sixteen processes at once."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterator

from django.db import IntegrityError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.models import Promoter
from tests.bench import desk_predecessor, desk_raw, desk_stage
from tests.bench.desk_crowd import Served, crowd, load
from tests.bench.desk_stage import AGREEMENTS, CITIES, PROVINCES, TYPES, DeskStage
from tests.bench.figures import say, scaled

QUANTITY = 20
# So many requests a second of all processes together, as people make them: by their own clock, not by our answers.
_RATES = (10, 50)
_PROCESSES = scaled("DESK_PROCESSES", 16)
Ask = Callable[[int], Callable[[], int]]
Zones = Callable[[int], Iterator[Filters]]


def zones(number: int) -> Iterator[Filters]:
    """What promoters ask for, in turns and everywhere: a province, a town, an agreement, a kind, anything."""
    for turn in itertools.count(number * 1009):
        province = f"province {turn % PROVINCES:02}"
        yield Filters(province=province)
        yield Filters(province=province, city=f"city {turn // PROVINCES % CITIES:02}")
        yield Filters(agreement=f"agreement {turn % AGREEMENTS:02}")
        yield Filters(client_type=f"client_type {turn % TYPES:02}")
        yield Filters()


def pairs(number: int) -> Iterator[Filters]:
    """Filters that no index carries together."""
    for turn in itertools.count(number * 1009):
        yield Filters(province=f"province {turn % PROVINCES:02}", agreement=f"agreement {turn % AGREEMENTS:02}")


def run() -> None:
    processes, requests = _PROCESSES, scaled("DESK_REQUESTS", 40)
    sizes = [int(size) for size in os.environ.get("BENCH_DESK_CLIENTS", "500000,1000000,5000000").split(",")]
    stage = desk_stage.open_desks(teams=4, promoters=64)
    seen: dict[int, Served] = {}
    for size in sizes:
        desk_stage.grow_directory(to=size)
        if size == sizes[0]:
            desk_stage.rest_clients(stage.promoters, each=300)
        rows = _rows_read(stage)
        say(f"  {size:,} clients; a request: {_queries(stage)} statements, {rows:,.0f} rows read on indexes, {load()}")
        rounds: dict[str, tuple[Ask, dict[str, float]]] = {
            "engine, alone": (_engine(stage, zones), {"processes": 1, "requests": 4 * requests}),
            "raw SQL, alone": (_raw(stage, zones), {"processes": 1, "requests": 4 * requests}),
            f"engine, {processes} at once": (_engine(stage, zones), {}),
            f"raw SQL, {processes} at once": (_raw(stage, zones), {}),
            **{
                f"engine, {rate} a second": (
                    _engine(stage, zones),
                    {"requests": requests // 2, "every": processes / rate},
                )
                for rate in _RATES
            },
            f"two facets, {processes} at once": (_engine(stage, pairs), {}),
            "predecessor, alone": (_predecessor(stage), {"processes": 1, "requests": 3}),
        }
        for name, (ask, how) in rounds.items():
            served = crowd(ask, **{"processes": processes, "requests": requests, **how})  # type: ignore[arg-type]
            say(f"    {name:<24} {served}  {load()}")
            if name == f"engine, {processes} at once":
                seen[size] = served
    if len(seen) > 1:
        first, last = seen[sizes[0]], seen[sizes[-1]]
        say(f"    p50 of the largest / the smallest: {last.milliseconds(50) / first.milliseconds(50):.2f}")


def _engine(stage: DeskStage, ask_for: Zones) -> Ask:
    def begin(number: int) -> Callable[[], int]:
        people, asked = _people(stage, number), ask_for(number)

        def ask() -> int:
            return request_lot(next(people), next(asked), QUANTITY, key=uuid.uuid4().hex, now=timezone.now()).granted

        return ask

    return begin


def _raw(stage: DeskStage, ask_for: Zones) -> Ask:
    def begin(number: int) -> Callable[[], int]:
        desk, people, asked = desk_raw.Desk(stage.new), _people(stage, number), ask_for(number)
        return lambda: desk.request(next(people), next(asked), QUANTITY, key=uuid.uuid4().hex, now=timezone.now())

    return begin


def _people(stage: DeskStage, number: int) -> Iterator[Promoter]:
    """The promoters of one process, in turns: nobody holds thousands."""
    return itertools.cycle(stage.promoters[number % _PROCESSES :: _PROCESSES])


def _predecessor(stage: DeskStage) -> Ask:
    def begin(number: int) -> Callable[[], int]:
        promoter, asked = stage.promoters[number % len(stage.promoters)], zones(number)

        def ask() -> int:
            try:
                return desk_predecessor.request(promoter, next(asked), QUANTITY, stage.new)
            except (IntegrityError, OperationalError):
                # Somebody else drew one of the same: the person saw an error.
                return 0

        return ask

    return begin


def _queries(stage: DeskStage) -> int:
    """Statements of one request on a day that has begun, BEGIN and COMMIT among them."""
    ask = _engine(stage, zones)(0)
    ask()
    with CaptureQueriesContext(connection) as context:
        ask()
    return len(context)


def _rows_read(stage: DeskStage) -> float:
    """Rows and index entries that a request asks the engine for, on the average of all kinds of zones."""
    ask, turns = _engine(stage, zones)(1), 20
    for _ in range(5):
        ask()
    before = _handled()
    for _ in range(turns):
        ask()
    return (_handled() - before) / turns


def _handled() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SHOW SESSION STATUS WHERE Variable_name LIKE 'Handler_read%' OR Variable_name = 'Handler_icp_attempts'"
        )
        return sum(int(value) for _name, value in cursor.fetchall())
