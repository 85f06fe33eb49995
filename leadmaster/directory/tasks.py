"""What the django-q2 cluster runs for the directory: no arguments, no business."""

from __future__ import annotations

import datetime as dt
import functools
import time

from django.utils.translation import gettext as _

from leadmaster.directory.health import FAILED, HEARTBEAT
from leadmaster.directory.sync import SyncError
from leadmaster.directory.sync.configured import NAME, synchronise_configured
from leadmaster.directory.sync.run_lock import unfinished_full
from leadmaster.lib.clock import database_now
from leadmaster.ops.alerts import raise_alert, resolve_alert
from leadmaster.ops.heartbeat import beat
from leadmaster.ops.models import Alert

# Well within the time after which django-q2 kills a task: what is not done then is gone on with by the next run.
_SECONDS = 150.0


def sync_clients() -> str:
    """What changed in the client base; first the rest of a full look that was left in the middle."""
    return _run(full=unfinished_full(NAME))


def sync_all_clients() -> str:
    """Everybody, and who is gone."""
    return _run(full=True)


def _run(*, full: bool) -> str:
    now = database_now()
    try:
        report = synchronise_configured(
            now=now, full=full, polite=True, keep_going=functools.partial(_before, time.monotonic() + _SECONDS)
        )
    except SyncError as error:
        return _stopped(error, now)
    resolve_alert(FAILED, now=now)
    beat(HEARTBEAT, now=now, detail={"read": report.read, "new": report.new, "changed": report.changed})
    return f"read {report.read}, new {report.new}, changed {report.changed}, gone {report.gone}"


def _stopped(error: SyncError, now: dt.datetime) -> str:
    """Another run at work is a sign of life; anything else is told to people at once."""
    if error.code in {"running", "overtaken"}:
        beat(HEARTBEAT, now=now, detail={"stopped": error.code})
    else:
        raise_alert(
            FAILED,
            title=_("La base de clientes no se pudo sincronizar"),
            body=str(error),
            severity=Alert.Severity.WARNING,
            now=now,
        )
    return error.code


def _before(end: float) -> bool:
    return time.monotonic() < end
