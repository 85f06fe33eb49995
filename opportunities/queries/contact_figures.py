"""Who was called or written to, and when: the one place that counts contacts.

A contact is an attempt, whatever came of it: one without a result too, which is told as such.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection

from django.db.models import Count, Max, Q

from leadmaster.lib.clock import local_datetime
from opportunities.enums import REACHED, ContactOutcome
from opportunities.models import ContactAttempt, Promoter


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contacts:
    """Of one day: how many, how many reached somebody, and how many nobody has told about."""

    number: int
    reached: int
    untold: int


def last_contacts(opportunity_ids: Collection[int]) -> dict[int, ContactAttempt]:
    """The last attempt on each of these, whoever made it. Two queries, however many they are."""
    of_these = ContactAttempt.objects.filter(opportunity__in=opportunity_ids).order_by()
    newest = of_these.values("opportunity").annotate(last=Max("id")).values_list("last", flat=True)
    rows = ContactAttempt.objects.filter(pk__in=list(newest)).select_related("by")
    return {row.opportunity_id: row for row in rows}


def contacts_today(promoter: Promoter, *, now: dt.datetime) -> Contacts:
    """Theirs, since their own midnight. One query."""
    since = local_datetime(promoter.desk.date_at(now), dt.time(0), promoter.desk.calendar.tz)
    counts = ContactAttempt.objects.filter(by=promoter.user_id, at__gte=since).aggregate(
        number=Count("id"),
        reached=Count("id", filter=Q(outcome__in=REACHED)),
        untold=Count("id", filter=Q(outcome=ContactOutcome.PENDING)),
    )
    return Contacts(**counts)
