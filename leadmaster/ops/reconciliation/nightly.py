"""The same look by schedule: once a night, in slices that fit a task, with the findings kept for the page.

A slice goes on where the one before stopped, whatever became of its process. Nothing is repaired: a person decides.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import raise_alert, resolve_alert
from leadmaster.ops.models import Alert, ReconciliationFinding, ReconciliationRun
from leadmaster.ops.reconciliation import registry
from leadmaster.ops.reconciliation.check import Check
from leadmaster.ops.reconciliation.run import Outcome, Tally, look_at, next_range

logger = logging.getLogger(__name__)

ALERT = "reconciliation"
AT = dt.time(3, 30)
# Of each check so many are kept for the page; all are counted.
KEPT = 500
_RUNS_KEPT = 30
# A slice is over by then, or died.
_SLICE_ENDS = dt.timedelta(minutes=3)
TITLE = gettext_lazy("La conciliación encontró datos que no son verdad")


@in_project_language
def run_slice(now: dt.datetime, *, seconds: float = 120) -> ReconciliationRun | None:
    """Begin tonight's run, or go on with it, for so many seconds; None when there is nothing to do now."""
    run = _taken_up(now) or _begun(now)
    if run is None:
        return None
    ends = time.monotonic() + seconds
    for check in registry.all_checks():
        if not _walk(check, run, now=now, ends=ends):
            return run
    _finish(run, now=now)
    return run


def look_at_once(now: dt.datetime) -> ReconciliationRun:
    """A whole run without a break, dated as last night's: for a database that was filled a moment ago."""
    night = last_night(now)
    run = ReconciliationRun.objects.create(started_at=night, alive_at=night, open_key="1")
    for check in registry.all_checks():
        _walk(check, run, now=now, ends=math.inf)
    _finish(run, now=night + dt.timedelta(minutes=1))
    return run


def last_run() -> ReconciliationRun | None:
    """The last one that ended."""
    return ReconciliationRun.objects.filter(finished_at__isnull=False).order_by("-id").first()


def last_night(now: dt.datetime) -> dt.datetime:
    """When the last run was due."""
    local = timezone.localtime(now)
    due = timezone.make_aware(dt.datetime.combine(local.date(), AT), local.tzinfo)
    return due if due <= local else due - dt.timedelta(days=1)


def _walk(check: Check[Any], run: ReconciliationRun, *, now: dt.datetime, ends: float) -> bool:
    """Look on from where this check stands; whether it came to its end before the time was up."""
    if check.name in run.failed:
        return True
    try:
        while (ids := next_range(check, after=run.cursor.get(check.name, 0))) is not None:
            if time.monotonic() >= ends:
                return False
            tally = Tally()
            outcomes = list(look_at(check, ids, apply=False, by_id=None, now=now, tally=tally))
            _note(run, check, ids, outcomes, now=now)
    except (DatabaseError, ValueError) as error:
        logger.exception("the check %s could not be carried out", check.name)
        run.failed[check.name] = f"{type(error).__name__}"
        run.save(update_fields=["failed"])
    return True


@transaction.atomic
def _note(run: ReconciliationRun, check: Check[Any], ids: range, outcomes: list[Outcome], *, now: dt.datetime) -> None:
    before = run.found.get(check.name, 0)
    ReconciliationFinding.objects.bulk_create(
        [
            ReconciliationFinding(
                run=run,
                area=outcome.finding.area,
                kind=check.name,
                subject=outcome.finding.subject,
                what=outcome.finding.what[:300],
                evidence=dict(outcome.finding.evidence),
                repair=outcome.finding.repair[:300],
            )
            for outcome in outcomes[: max(KEPT - before, 0)]
        ],
        ignore_conflicts=True,
    )
    run.found[check.name] = before + len(outcomes)
    run.cursor[check.name] = ids.stop - 1
    run.alive_at = now
    run.save(update_fields=["found", "cursor", "alive_at"])


def _taken_up(now: dt.datetime) -> ReconciliationRun | None:
    """The run that is under way, when its last slice is over: one process takes it up."""
    run = ReconciliationRun.objects.filter(open_key__isnull=False, alive_at__lte=now - _SLICE_ENDS).first()
    if run is None:
        return None
    mine = ReconciliationRun.objects.filter(pk=run.pk, alive_at=run.alive_at, open_key__isnull=False)
    if not mine.update(alive_at=now):
        return None
    run.alive_at = now
    return run


def _begun(now: dt.datetime) -> ReconciliationRun | None:
    if ReconciliationRun.objects.filter(open_key__isnull=False).exists():
        return None
    due = last_night(now)
    if timezone.localtime(due).date() != timezone.localtime(now).date():
        return None
    if ReconciliationRun.objects.filter(started_at__gte=due).exists():
        return None
    try:
        with transaction.atomic():
            return ReconciliationRun.objects.create(started_at=now, alive_at=now, open_key="1")
    except IntegrityError:
        return None  # another machine began it


def _finish(run: ReconciliationRun, *, now: dt.datetime) -> None:
    run.finished_at, run.open_key = now, None
    run.save(update_fields=["finished_at", "open_key"])
    old = ReconciliationRun.objects.order_by("-id").values_list("pk", flat=True)[_RUNS_KEPT:]
    ReconciliationRun.objects.filter(pk__in=list(old)).delete()
    if not run.total and not run.failed:
        resolve_alert(ALERT, now=now)
        return
    body = ngettext("%(n)d hallazgo.", "%(n)d hallazgos.", run.total) % {"n": run.total}
    raise_alert(ALERT, title=str(TITLE), body=body, severity=Alert.Severity.WARNING, now=now)
