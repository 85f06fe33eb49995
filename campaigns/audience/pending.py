"""Imports that are too big for a web request: they wait, and a background process does them in turn."""

from __future__ import annotations

import datetime as dt
import logging

from campaigns.audience.directory import is_from_directory, run_selection
from campaigns.audience.importing import run_import
from campaigns.errors import Refused
from campaigns.models import RecipientImport

logger = logging.getLogger(__name__)

State = RecipientImport.State


def confirm(record: RecipientImport, *, mapping: dict[str, int | None], state: State) -> bool:
    """The person confirmed what the columns mean. False when somebody confirmed this file before."""
    waiting = RecipientImport.objects.filter(pk=record.pk, state=State.UPLOADED)
    confirmed = waiting.update(mapping=mapping, state=state) == 1
    record.refresh_from_db()
    return confirmed


def run_queued(now: dt.datetime) -> int:
    """Do the imports that wait, oldest first. Returns how many were run. Two of these at once take turns."""
    ran = 0
    while True:
        pk = RecipientImport.objects.filter(state=State.QUEUED).order_by("id").values_list("pk", flat=True).first()
        if pk is None:
            return ran
        taken = RecipientImport.objects.filter(pk=pk, state=State.QUEUED).update(state=State.RUNNING, started_at=now)
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
