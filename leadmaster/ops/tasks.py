"""What the django-q2 cluster runs for the installation itself: no arguments, no business."""

from __future__ import annotations

from leadmaster.lib.clock import database_now
from leadmaster.ops.reconciliation.nightly import run_slice


def reconcile() -> str:
    """A slice of tonight's look for what is not true; nothing at any other time."""
    run = run_slice(database_now())
    if run is None:
        return "nothing to look at now"
    return f"found {run.total}" if run.finished_at else f"found {run.total} so far"
