"""What this app and Django's admin hold: alerts, kept answers, findings and repairs, the log of the pages."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q, QuerySet

from leadmaster.ops.models import Alert, IdempotentRequest, ReconciliationFinding, Repair
from leadmaster.ops.privacy.part import TAKEN_OUT, Part, Person, naming, scrub, told

_ALERT = ("title", "body")
_FINDING = ("what", "evidence", "repair")
_REPAIR = ("what", "evidence", "done")
_LOG = ("object_repr", "change_message")


class Traces(Part):
    columns: ClassVar = {
        "ops.alert": _ALERT,
        "ops.idempotentrequest": ("answer",),
        "ops.reconciliationfinding": _FINDING,
        "ops.repair": _REPAIR,
        "admin.logentry": _LOG,
    }

    def export(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        return {
            "alerts": told(naming(Alert.objects.all(), person, *_ALERT)),
            "findings": told(naming(ReconciliationFinding.objects.all(), person, *_FINDING)),
            "repairs": told(naming(Repair.objects.all(), person, *_REPAIR)),
            "answers": told(_answers(person), without=("token",)),
            "admin_log": told(_log_of(person)),
        }

    @transaction.atomic(durable=True)
    def erase(self, person: Person, *, by_id: int | None, now: dt.datetime) -> dict[str, int]:
        of_clients = LogEntry.objects.filter(_about_clients(person)).exclude(object_repr=TAKEN_OUT)
        logged = of_clients.update(object_repr=TAKEN_OUT, change_message="")
        return {
            "alerts": scrub(naming(Alert.objects.all(), person, *_ALERT), person, *_ALERT),
            "findings": scrub(naming(ReconciliationFinding.objects.all(), person, *_FINDING), person, *_FINDING),
            "repairs": scrub(naming(Repair.objects.all(), person, *_REPAIR), person, *_REPAIR),
            # A repetition is judged anew, and finds the person erased.
            "answers": _answers(person).delete()[0],
            "admin_log": logged + scrub(naming(LogEntry.objects.all(), person, *_LOG), person, *_LOG),
        }


def _answers(person: Person) -> QuerySet[IdempotentRequest]:
    found = naming(IdempotentRequest.objects.all(), person, "answer")
    return IdempotentRequest.objects.filter(pk__in=list(found.values_list("pk", flat=True)))


def _about_clients(person: Person) -> Q:
    return Q(
        content_type__app_label="directory",
        content_type__model="client",
        object_id__in=[str(pk) for pk in person.clients],
    )


def _log_of(person: Person) -> QuerySet[LogEntry]:
    named = naming(LogEntry.objects.all(), person, *_LOG).values_list("pk", flat=True)
    return LogEntry.objects.filter(_about_clients(person) | Q(pk__in=list(named)))


PART = Traces()
