"""What must be true of the desk at rest, whatever happened to it: I6, I7, I11, histories without gaps, true counts.

Written against the tables alone: it shares no rule with the code that it judges.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator

from django.db.models import Sum

from leadmaster.directory.models import Client
from opportunities.models import (
    Absence,
    AssignmentRequest,
    CoolDown,
    DailyQuota,
    Lot,
    Opportunity,
    OpportunityEvent,
    QuotaEntry,
    Sale,
)
from tests.faults.desk_deadlines import wrong_deadlines

_OPEN = {"activa", "salida", "pool"}
_AVAILABLE = {"activa": "tomado", "salida": "tomado", "pool": "pool", "ganada": "cerrado", "perdida": "cerrado"}


def findings() -> list[str]:
    """Everything that is wrong, as sentences. Empty is well."""
    return [
        *_quotas_are_their_ledgers(),
        *_quotas_paid_for_what_came(),
        *_one_open_opportunity_per_client(),
        *_nothing_is_invisible(),
        *_clocks_stand_for_who_is_away(),
        *_histories_have_no_gaps(),
        *_lots_are_what_they_granted(),
        *_answers_are_kept(),
        *wrong_deadlines(),
    ]


def _quotas_are_their_ledgers() -> Iterator[str]:
    """I6: used = Σ lines, 0 ≤ used ≤ limit, and at no line of the ledger was it otherwise."""
    days = collections.Counter(DailyQuota.objects.values_list("promoter", "day"))
    yield from (f"I6: day twice: {key}" for key, number in days.items() if number > 1)
    for quota in DailyQuota.objects.all():
        lines = list(QuotaEntry.objects.filter(quota=quota).order_by("id"))
        used = sum(line.amount for line in lines if line.kind != "limite")
        if used != quota.used:
            yield f"I6: quota {quota.pk} says {quota.used} used, its ledger {used}"
        if not 0 <= quota.used <= quota.limit:
            yield f"I6: quota {quota.pk} used {quota.used} of {quota.limit}"
        limit = quota.limit - sum(line.amount for line in lines if line.kind == "limite")
        running = 0
        for line in lines:
            limit, running = (limit + line.amount, running) if line.kind == "limite" else (limit, running + line.amount)
            if running > limit:
                yield f"I6: quota {quota.pk} was {running} of {limit} after line {line.pk}"


def _quotas_paid_for_what_came() -> Iterator[str]:
    """I6: what the ledger paid for is what history says that the promoter received, the undone ones taken off."""
    paid: collections.Counter[tuple[int, str]] = collections.Counter()
    for line in QuotaEntry.objects.exclude(kind="limite").values("quota__promoter", "kind", "amount"):
        drawn = line["kind"] in {"asignacion", "devolucion"}
        paid[line["quota__promoter"], "drawn" if drawn else "given"] += line["amount"]
    came: collections.Counter[tuple[int, str]] = collections.Counter()
    for events in _histories().values():
        before = None
        for event in events:
            if event.kind == "asignada":
                came[event.to_owner_id or 0, "drawn"] += 1
            if event.kind == "reasignada":
                came[event.to_owner_id or 0, "given"] += 1
            if event.kind == "deshecha" and before is not None and before.kind == "reasignada":
                came[event.from_owner_id or 0, "given"] -= 1
            if event.kind != "nota":
                before = event
    for key in {*paid, *came}:
        if paid[key] != came[key]:
            yield f"I6: promoter {key[0]} paid for {paid[key]} {key[1]} and received {came[key]}"


def _one_open_opportunity_per_client() -> Iterator[str]:
    """I7, and the directory's word agrees with the desk's."""
    newest: dict[int, Opportunity] = {}
    open_ones: collections.Counter[int] = collections.Counter()
    for row in Opportunity.objects.order_by("id"):
        newest[row.client_id] = row
        open_ones[row.client_id] += row.state in _OPEN
        held = row.client_id if row.state in _OPEN else None
        if row.open_client_id != held:
            yield f"I7: opportunity {row.pk} is {row.state} and holds {row.open_client_id}"
    yield from (f"I7: client {client} is open {number} times" for client, number in open_ones.items() if number > 1)
    for client in Client.objects.all():
        row_of = newest.get(client.pk)
        expected = "libre" if row_of is None else _AVAILABLE[row_of.state]
        if client.availability != expected:
            yield f"I7: client {client.pk} is {client.availability}, its opportunity says {expected}"


def _nothing_is_invisible() -> Iterator[str]:
    """I11: owned in a stage, in the inbox of a team, in its pool, or closed with a reason to be."""
    sold = set(Sale.objects.values_list("opportunity", flat=True))
    for row in Opportunity.objects.all():
        if row.state == "activa" and (row.owner_id is None or row.stage_id is None):
            yield f"I11: opportunity {row.pk} is active and nobody's"
        if row.state == "pool" and row.owner_id is not None:
            yield f"I11: opportunity {row.pk} is in the pool and somebody's"
        if row.state != "activa" and (row.deadline is not None or row.paused_seconds is not None):
            yield f"I11: opportunity {row.pk} is {row.state} and has a clock"
        if row.deadline is not None and row.paused_seconds is not None:
            yield f"I11: the clock of {row.pk} runs and stands"
        if (row.state == "ganada") != (row.pk in sold):
            yield f"I11: opportunity {row.pk} is {row.state}, and sales say otherwise"


def _clocks_stand_for_who_is_away() -> Iterator[str]:
    """A clock stands while an absence holds it, and never without one. Where calendars are in UTC."""
    stopping: dict[int, Absence] = {}
    for absence in Absence.objects.filter(policy="pausar", begun_at__isnull=False, ended_at__isnull=True):
        stopping[absence.promoter_id] = absence
    for row in Opportunity.objects.filter(state="activa"):
        away = stopping.get(row.owner_id or 0)
        if row.paused_seconds is not None and away is None:
            yield f"clock: that of {row.pk} stands, and its owner is not away"
        # What came after the last day runs already; what was overdue before the first one is for the cron to take.
        if away is None or row.deadline is None or row.stage_since.date() > away.ends_on:
            continue
        if away.begun_at is not None and row.deadline > away.begun_at:
            yield f"clock: that of {row.pk} runs to {row.deadline} while its owner is away"


def _histories() -> dict[int, list[OpportunityEvent]]:
    """One query: a machine asks after each of its steps."""
    found: dict[int, list[OpportunityEvent]] = collections.defaultdict(list)
    for event in OpportunityEvent.objects.order_by("id"):
        found[event.opportunity_id].append(event)
    return found


def _histories_have_no_gaps() -> Iterator[str]:
    """Each line begins where the one before ended, and the last one ends where the row is."""
    histories = _histories()
    for row in Opportunity.objects.all():
        events = histories[row.pk]
        if not events or (events[0].from_state, events[0].from_owner_id) != ("", None):
            yield f"history: opportunity {row.pk} has no beginning"
            continue
        for one, other in itertools.pairwise(events):
            if other.at < one.at:
                yield f"history: opportunity {row.pk} runs backwards from {one.at} to {other.at}"
            before = (one.to_state, one.to_stage_id, one.to_owner_id)
            after = (other.from_state, other.from_stage_id, other.from_owner_id)
            if before != after:
                yield f"history: opportunity {row.pk} went to {before} and came from {after}"
        last = (events[-1].to_state, events[-1].to_stage_id, events[-1].to_owner_id)
        if last != (row.state, row.stage_id, row.owner_id):
            yield f"history: opportunity {row.pk} is at {(row.state, row.stage_id, row.owner_id)}, not {last}"
        # Notes are remarks; every other line but the first counted the version up.
        if row.version != sum(event.kind != "nota" for event in events):
            yield f"history: opportunity {row.pk} has version {row.version} and {len(events)} lines"


def _lots_are_what_they_granted() -> Iterator[str]:
    """A lot's number is what its ledger lines paid for, and what is in it is its promoter's or was."""
    for lot in Lot.objects.filter(reassigned_on__isnull=True):
        paid = QuotaEntry.objects.filter(lot=lot).aggregate(paid=Sum("amount"))["paid"] or 0
        if paid != lot.granted or not 0 < lot.granted <= max(lot.asked, 0):
            yield f"lot {lot.pk} granted {lot.granted} of {lot.asked}, the ledger paid {paid}"
        if lot.opportunities.count() > lot.granted:
            yield f"lot {lot.pk} granted {lot.granted} and holds {lot.opportunities.count()}"
    for row in Opportunity.objects.filter(lot__isnull=False, owner__isnull=False).select_related("lot"):
        if row.lot is not None and row.lot.promoter_id != row.owner_id:
            yield f"lot {row.lot_id} is {row.lot.promoter_id}'s and holds {row.pk} of {row.owner_id}"


def _answers_are_kept() -> Iterator[str]:
    """A key that was committed has its answer."""
    keys = AssignmentRequest.objects.filter(answer={}).values_list("key", flat=True)
    yield from (f"key {key} has no answer" for key in keys)
    twice = collections.Counter(CoolDown.objects.values_list("promoter", "client"))
    yield from (f"cool-down twice: {key}" for key, number in twice.items() if number > 1)
