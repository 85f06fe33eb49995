"""What is older than the settings keep it goes: texts of messages, originals of uploads, reports of imports.

Off unless a setting says how many days. What was sent stays counted; only its words are gone.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.enums import CAMPAIGN_ENDED, ENVIO_TERMINAL
from campaigns.models import Envio, RecipientImport, Reply
from leadmaster.lib.db.retry import retrying

_BATCH = 500
_AT_WORK = (RecipientImport.State.UPLOADED, RecipientImport.State.QUEUED, RecipientImport.State.RUNNING)


def forget(now: dt.datetime, *, apply: bool) -> dict[str, int]:
    """How many of each kind are too old; with `apply` they are emptied, some at a time. Safe to repeat."""
    found: dict[str, int] = {}
    for kind, days, rows, empty in (
        ("messages", settings.RETENTION_TEXT_DAYS, _messages, _empty_messages),
        ("replies", settings.RETENTION_TEXT_DAYS, _replies, _empty_replies),
        ("uploads", settings.RETENTION_UPLOAD_DAYS, _uploads, functools.partial(_delete_files, "file")),
        ("reports", settings.RETENTION_REPORT_DAYS, _reports, functools.partial(_delete_files, "report")),
    ):
        if not days:
            continue
        old = rows(now - dt.timedelta(days=days))
        found[kind] = _all_of(old, empty) if apply else old.count()
    return found


def _messages(until: dt.datetime) -> QuerySet[Envio]:
    """At rest, in campaigns that are over or answered by people: nothing will send them again."""
    over = Q(campaign__state__in=CAMPAIGN_ENDED, campaign__ended_at__lt=until)
    over |= Q(campaign__isnull=True, created_at__lt=until)
    return Envio.objects.filter(over, state__in=ENVIO_TERMINAL).exclude(text="")


def _replies(until: dt.datetime) -> QuerySet[Reply]:
    return Reply.objects.filter(at__lt=until).exclude(text="")


def _uploads(until: dt.datetime) -> QuerySet[RecipientImport]:
    return RecipientImport.objects.filter(started_at__lt=until).exclude(state__in=_AT_WORK).exclude(file="")


def _reports(until: dt.datetime) -> QuerySet[RecipientImport]:
    return RecipientImport.objects.filter(started_at__lt=until).exclude(state__in=_AT_WORK).exclude(report="")


def _all_of(
    rows: QuerySet[Envio] | QuerySet[Reply] | QuerySet[RecipientImport], empty: Callable[[list[int]], int]
) -> int:
    """By keyset: each range is looked at once."""
    done = after = 0
    while ids := list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        done += retrying(functools.partial(empty, ids))
        after = ids[-1]
    return done


@transaction.atomic(durable=True)
def _empty_messages(ids: list[int]) -> int:
    return Envio.objects.filter(pk__in=ids, state__in=ENVIO_TERMINAL).update(text="", variables={})


@transaction.atomic(durable=True)
def _empty_replies(ids: list[int]) -> int:
    return Reply.objects.filter(pk__in=ids).update(text="")


def _delete_files(column: str, ids: list[int]) -> int:
    """The row first: a file that outlives its row is found by nobody."""
    for record in RecipientImport.objects.filter(pk__in=ids):
        stored = getattr(record, column)
        RecipientImport.objects.filter(pk=record.pk).update(**{column: ""})
        stored.storage.delete(stored.name)
    return len(ids)
