"""Notes of calls and reminders go with the texts of messages, and so do the lines of history that repeat them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet

from leadmaster.ops.privacy.ageing import Ageing
from opportunities.enums import EventKind
from opportunities.models import ContactAttempt, OpportunityEvent, Reminder

# Between what happened and its words, in notes that say both.
_AND = " · "


def _calls(until: dt.datetime) -> QuerySet[ContactAttempt]:
    return ContactAttempt.objects.filter(at__lt=until).exclude(note="")


def _reminders(until: dt.datetime) -> QuerySet[Reminder]:
    """What is pending is still needed, however long ago it was set."""
    return Reminder.objects.filter(closed_at__lt=until).exclude(note="")


@transaction.atomic(durable=True)
def _empty_calls(ids: list[int]) -> int:
    rows = ContactAttempt.objects.filter(pk__in=ids)
    _shorten("contact", ids, set(rows.values_list("opportunity", flat=True)))
    return rows.update(note="")


@transaction.atomic(durable=True)
def _empty_reminders(ids: list[int]) -> int:
    rows = Reminder.objects.filter(pk__in=ids)
    _shorten("reminder", ids, {pk for pk in rows.values_list("opportunity", flat=True) if pk is not None})
    return rows.update(note="")


def _shorten(name: str, ids: Collection[int], opportunities: Collection[int]) -> None:
    """Their lines keep what happened."""
    found = set(ids)
    lines = OpportunityEvent.objects.filter(opportunity__in=opportunities, kind=EventKind.NOTE)
    for line in lines.order_by("pk").iterator():
        if line.data.get(name) in found:
            OpportunityEvent.objects.filter(pk=line.pk).update(reason=line.reason.partition(_AND)[0])


CALLS = Ageing(kind="contacts", rows=_calls, empty=_empty_calls)
REMINDERS = Ageing(kind="reminders", rows=_reminders, empty=_empty_reminders)
