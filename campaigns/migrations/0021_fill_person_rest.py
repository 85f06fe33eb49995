"""Whom a campaign wrote to before rests were kept rests as well: the last `PERSON_REST_HOURS`, slice by slice."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import migrations
from django.utils import timezone

# Each slice is a range of the index over `sent_at`.
_SLICE = dt.timedelta(minutes=15)
_BATCH = 1000


def fill(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    messages = apps.get_model("campaigns", "Envio").objects.using(alias)
    rests = apps.get_model("campaigns", "PersonRest")
    now = timezone.now()
    since = now - dt.timedelta(hours=settings.PERSON_REST_HOURS)
    sent = messages.filter(state="enviado").order_by("sent_at")
    start = since
    while start < now:
        end = start + _SLICE
        rows = sent.filter(sent_at__gte=start, sent_at__lt=end)
        _keep(rests, alias, rows.values_list("phone", "campaign_id", "sent_at").iterator(_BATCH))
        start = end
    # What may have left counts as written. They are few, and found by their state.
    doubts = messages.filter(state="incierto", dispatched_at__gte=since).order_by("dispatched_at")
    _keep(rests, alias, doubts.values_list("phone", "campaign_id", "dispatched_at").iterator(_BATCH))


def _keep(rests: Any, alias: str, rows: Any) -> None:
    """The newest word to each of them; what a claim wrote meanwhile is newer still."""
    newest = {phone: (campaign, at) for phone, campaign, at in rows}
    phones = sorted(newest)
    for first in range(0, len(phones), _BATCH):
        some = phones[first : first + _BATCH]
        known = {row.phone: row for row in rests.objects.using(alias).filter(phone__in=some)}
        older = [row for phone, row in known.items() if row.written_at < newest[phone][1]]
        for row in older:
            row.campaign_id, row.written_at = newest[row.phone]
        rests.objects.using(alias).bulk_update(older, ["campaign", "written_at"])
        rests.objects.using(alias).bulk_create(
            rests(phone=phone, campaign_id=newest[phone][0], written_at=newest[phone][1])
            for phone in some
            if phone not in known
        )


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0020_person_written")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
