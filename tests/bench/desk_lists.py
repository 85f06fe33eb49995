"""The supervisors' lists in the admin over a million opportunities, as an administrator sees them: everybody's."""

from __future__ import annotations

import gc
import time

from django.db import connection
from django.db.models import Min
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from opportunities.models import Opportunity, Promoter
from tests.bench import desk_stage
from tests.bench.desk_crowd import load
from tests.bench.desk_stage import DeskStage
from tests.bench.figures import percentile, say, scaled

TEAMS, PROMOTERS = 8, 16
# Of a hundred: what a desk has after some months.
SHARES = {"activa": 25, "salida": 5, "pool": 10, "ganada": 10, "perdida": 50}
AVAILABLE = {"activa": "tomado", "salida": "tomado", "pool": "pool", "ganada": "cerrado", "perdida": "cerrado"}


def run() -> None:
    opportunities, looks = scaled("DESK_OPPORTUNITIES", 1_000_000), scaled("DESK_LOOKS", 15)
    stage = desk_stage.open_desks(teams=TEAMS, promoters=PROMOTERS)
    desk_stage.grow_directory(to=opportunities + 100_000)
    if not Opportunity.objects.exists():
        _fill(stage, opportunities)
    browser = Browser()
    browser.force_login(desk_stage.administrator(), backend="leadmaster.accounts.backends.PersonBackend")
    # As `leadmaster.wsgi` does: what is here by now is not looked through again by full collections.
    gc.collect()
    gc.freeze()
    say(f"  {opportunities:,} opportunities; pages in ms, {load()}")
    changelist = reverse("admin:opportunities_opportunity_changelist")
    pool = reverse("admin:opportunities_opportunity_pool")
    pages = {
        "opportunities": changelist,
        "opportunities, page 3": f"{changelist}?p=3",
        "active ones": f"{changelist}?state__exact=activa",
        "inbox": reverse("admin:opportunities_opportunity_inbox"),
        "pool": pool,
        "pool, of a province": f"{pool}?province=province+01",
        "pool, of a strange one": f"{pool}?province=Atlantis",
        "pool's figures": reverse("admin:opportunities_opportunity_pool_figures"),
        "everybody's first name": f"{changelist}?q=Paula",
        "a whole name among them": f"{changelist}?q=Paula+V%C3%A1zquez+1455",
        "inbox, by API, no match": f"{reverse('inbox-list')}?province=Atlantis",
        "figures, by API": reverse("pool-figures"),
        "lots": reverse("admin:opportunities_lot_changelist"),
        "one opportunity": reverse("admin:opportunities_opportunity_change", args=[_middle()]),
    }
    for name, path in pages.items():
        _measure(browser, name, path, looks)


def _fill(stage: DeskStage, count: int) -> None:
    first, team = (Promoter.objects.aggregate(first=Min(of))["first"] for of in ("id", "desk__team"))
    person = f"clients.id % {TEAMS * PROMOTERS}"
    place = f"{team} + ({person}) DIV {PROMOTERS}"
    start = 0
    for state, share in SHARES.items():
        end = start + count * share // 100
        columns = {"state": f"'{state}'", "team_id": place}
        if state != "pool":
            columns |= {"owner_id": f"{first} + {person}", "stage_id": str(stage.new.pk)}
        if state == "activa":
            # Half of the clocks have run out, half go on.
            columns["deadline"] = "UTC_TIMESTAMP(6) + INTERVAL (clients.id % 2881 - 1440) MINUTE"
        columns["state_since"] = "UTC_TIMESTAMP(6) - INTERVAL (clients.id % 43200) MINUTE"
        desk_stage.fill_opportunities(
            f"clients.id > {start} AND clients.id <= {end}", columns, availability=AVAILABLE[state]
        )
        start = end


def _middle() -> int:
    ids = Opportunity.objects.order_by("id").values_list("id", flat=True)
    return ids[Opportunity.objects.count() // 10]


def _measure(browser: Browser, name: str, path: str, looks: int) -> None:
    """The whole request and its processor time, which neighbours change less; the database's is not in it."""
    if browser.get(path).status_code != 200:
        raise RuntimeError(f"{path} does not answer 200")
    # Not of the first look, which asks once for what stays in memory.
    with CaptureQueriesContext(connection) as captured:
        browser.get(path)
    # Counted now: the next request empties the log.
    seconds = [float(query["time"]) for query in captured.captured_queries]
    times, busy = [], []
    for _ in range(looks):
        started, began = time.perf_counter(), time.process_time()
        browser.get(path)
        times.append(1000 * (time.perf_counter() - started))
        busy.append(1000 * (time.process_time() - began))
    p50, p95 = percentile(times, 50), percentile(times, 95)
    say(
        f"    {name:<24} p50 {p50:>7,.0f}  p95 {p95:>7,.0f} ms  own CPU {percentile(busy, 50):>4,.0f}  "
        f"{len(seconds):>3} queries, the slowest {1000 * max(seconds):,.0f} ms  {load()}"
    )
