"""What the desk knows of a person: their opportunities, the notes and facts of their history, and their sales."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy

from campaigns.models import Conversation
from leadmaster.accounts.models import User
from leadmaster.directory.models import Client
from leadmaster.lib.language import kept
from leadmaster.ops.privacy.part import Part, Person, scrub, told
from opportunities.enums import OPEN, EventKind, OpportunityState
from opportunities.models import (
    BulkItem,
    ContactAttempt,
    CoolDown,
    Opportunity,
    OpportunityEvent,
    Reminder,
    Sale,
    SavedFilter,
)
from opportunities.querysets import ReminderQuerySet
from opportunities.state import following, locking, machine
from opportunities.state.before import told as told_with_step

_REASON = gettext_lazy("Se borraron los datos de la persona.")
# What these lines carry is the ledger's: clocks before and after, which sale, which amounts.
_LEDGER = (EventKind.RETIMED, EventKind.SOLD, EventKind.CORRECTED, EventKind.ANNULLED)


class Work(Part):
    columns: ClassVar = {
        "opportunities.opportunity": ("exit_reason", "data"),
        "opportunities.opportunityevent": ("reason", "data"),
        "opportunities.bulkitem": ("before", "refused"),
        "opportunities.sale": ("product", "reference"),
        "opportunities.contactattempt": ("phone", "note"),
        "opportunities.reminder": ("note",),
        "opportunities.savedfilter": ("name", "search"),
    }

    def export(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        rows = Opportunity.objects.filter(client__in=person.clients)
        of_theirs = {"opportunity__in": rows.values("pk")}
        return {
            "opportunities": told(rows),
            "history": told(OpportunityEvent.objects.filter(**of_theirs)),
            "sales": told(Sale.objects.filter(**of_theirs)),
            "calls": told(ContactAttempt.objects.filter(**of_theirs)),
            "reminders": told(_reminders_of(person)),
            "saved_filters": told(SavedFilter.objects.filter(pk__in=_looking_for(person))),
            "bulk_decisions": told(BulkItem.objects.filter(**of_theirs)),
            "cool_downs": told(CoolDown.objects.filter(client__in=person.clients)),
        }

    @transaction.atomic(durable=True)
    def erase(self, person: Person, *, by_id: int | None, now: dt.datetime) -> dict[str, int]:
        """What is open is closed: nobody can work a person of whom nothing is known."""
        by = User.objects.get(pk=by_id) if by_id else None
        ids = list(Opportunity.objects.filter(client__in=person.clients).values_list("pk", flat=True))
        rows = locking.lock(ids)
        machine.change(
            [row for row in rows if row.state in OPEN],
            OpportunityState.LOST,
            kind=EventKind.CLOSED,
            now=now,
            by=by,
            reason=kept(_REASON),
        )
        Opportunity.objects.filter(pk__in=ids).update(exit_reason="", data={})
        events = OpportunityEvent.objects.filter(opportunity__in=ids)
        events.exclude(reason=kept(_REASON)).exclude(by=None).update(reason="")
        events.exclude(kind__in=_LEDGER).update(data={})
        for sold in events.filter(kind=EventKind.SOLD):
            # What was known of the person before it, kept for whoever takes the step back.
            events.filter(pk=sold.pk).update(data=told_with_step(sold.data))
        scrub(events.filter(kind__in=_LEDGER), person, "reason", "data")
        items = list(BulkItem.objects.filter(opportunity__in=ids).select_for_update())
        for item in items:
            before = {**item.before, "exit_reason": ""} if item.before else {}
            BulkItem.objects.filter(pk=item.pk).update(before=before, refused="")
        return {
            "opportunities": len(rows),
            "history": events.count(),
            "bulk_decisions": len(items),
            "calls": ContactAttempt.objects.filter(opportunity__in=ids).update(phone="", note=""),
            "reminders": _forget_reminders(person, by=by, now=now),
            "sales": scrub(Sale.objects.filter(opportunity__in=ids), person, "product", "reference"),
            "saved_filters": SavedFilter.objects.filter(pk__in=_looking_for(person)).delete()[0],
            "cool_downs": CoolDown.objects.filter(client__in=person.clients).delete()[0],
        }


def _reminders_of(person: Person) -> ReminderQuerySet:
    """Of their opportunities, and of the conversations with their numbers."""
    talks = Conversation.objects.filter(phone__in=person.phones)
    return Reminder.objects.filter(Q(opportunity__client__in=person.clients) | Q(conversation__in=talks))


def _forget_reminders(person: Person, *, by: User | None, now: dt.datetime) -> int:
    """What is pending ends; nobody is reminded of a person of whom nothing is known."""
    ids = list(_reminders_of(person).order_by().values_list("pk", flat=True))
    rows = Reminder.objects.filter(pk__in=ids)
    following.end(rows, by=by, now=now)
    return rows.update(note="")


def _looking_for(person: Person) -> list[int]:
    """Filters that somebody saved to find this person: by a number of theirs, or by their whole name. A few per user."""
    names = {client.full_name.casefold() for client in Client.objects.filter(pk__in=person.clients)} - {""}

    def finds(row: SavedFilter) -> bool:
        words = f"{row.name} {row.search}".casefold()
        return person.without(words) != words or any(name in words for name in names)

    return [row.pk for row in SavedFilter.objects.all() if finds(row)]


PART = Work()
