"""Imports that are too big for a web request: they wait, and a background process does them in turn."""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from campaigns.audience.directory import is_from_directory, run_selection
from campaigns.audience.importing import run_import
from campaigns.audience.plan import check_editable
from campaigns.errors import Refused
from campaigns.models import RecipientImport
from campaigns.policy import Act, require
from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying

logger = logging.getLogger(__name__)

State = RecipientImport.State
_BATCH = 200


def confirm(record: RecipientImport, *, mapping: Mapping[str, Any], state: State, now: dt.datetime) -> bool:
    """The person confirmed what the columns mean. False when somebody confirmed this file before."""
    waiting = RecipientImport.objects.filter(pk=record.pk, state=State.UPLOADED)
    confirmed = waiting.update(mapping=mapping, state=state, started_at=now, alive_at=now) == 1
    record.refresh_from_db()
    return confirmed


def can_resume(record: RecipientImport) -> bool:
    """Whether we still have its file. What a command read is where it was read; a selection may have a limit, and a
    second run would count from nought."""
    return record.state == State.INTERRUPTED and bool(record.file)


def resume(record: RecipientImport, *, by: User | None) -> bool:
    """Go on with an interrupted file in the background: whom it added stays, the rest is added.

    False when somebody did it before. Raises NotAllowed, or AudienceError when the campaign is past that.
    """
    require(by, Act.IMPORT, record.campaign)
    check_editable(record.campaign)
    waiting = RecipientImport.objects.filter(pk=record.pk, state=State.INTERRUPTED) if can_resume(record) else None
    resumed = waiting is not None and waiting.update(state=State.QUEUED, finished_at=None, error="") == 1
    record.refresh_from_db()
    return resumed


def forget_unconfirmed(now: dt.datetime) -> int:
    """Delete uploads that nobody confirmed in time, with their files: they hold people's phones. Returns how many."""
    before = now - dt.timedelta(days=settings.UNCONFIRMED_UPLOADS_DAYS)
    old = RecipientImport.objects.filter(state=State.UPLOADED, started_at__lt=before).order_by("id")
    return sum(retrying(functools.partial(_forget, record)) for record in old[:_BATCH])


@transaction.atomic(durable=True)
def _forget(record: RecipientImport) -> int:
    # Whoever confirms at this moment waits for the row and then finds it gone, or was first and keeps it. A process
    # that dies in between leaves a row without its file: that one is forgotten next time.
    deleted, _by_model = RecipientImport.objects.filter(pk=record.pk, state=State.UPLOADED).delete()
    if deleted:
        record.file.delete(save=False)
    return deleted


def run_queued(now: dt.datetime) -> int:
    """Do the imports that wait, oldest first. Returns how many were run. Two of these at once take turns."""
    ran = 0
    while True:
        pk = RecipientImport.objects.filter(state=State.QUEUED).order_by("id").values_list("pk", flat=True).first()
        if pk is None:
            return ran
        taken = RecipientImport.objects.filter(pk=pk, state=State.QUEUED).update(
            state=State.RUNNING, started_at=now, alive_at=now
        )
        if taken != 1:
            continue
        record = RecipientImport.objects.select_related("campaign__session", "by").get(pk=pk)
        try:
            run = run_selection if is_from_directory(record) else run_import
            run(record, now=now)
        except Refused as refusal:
            # It is written on the record, where the person who asked for it reads it.
            logger.info("import %s refused: %s", pk, refusal)
        ran += 1
