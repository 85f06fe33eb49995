"""Everything that is held of one person, and of nobody else; and nothing that holds text is forgotten."""

from __future__ import annotations

import io
import json

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

from leadmaster.ops.models import PersonalDataRequest
from leadmaster.ops.privacy import run
from tests.opportunities.people import one_of
from tests.ops.privacy.conftest import NAME, PHONE, Known

# Text that says nothing of the people we write to, with the reason.
EXCUSED = {
    "of those who work here": (
        "accounts.", "auth.", "axes.", "sessions.", "ops.personaldatarequest", "opportunities.absence",
        "opportunities.lot", "opportunities.quotaentry", "opportunities.assignmentrequest", "opportunities.bulkaction",
        "opportunities.retiming", "opportunities.stage", "calendars.", "admin.logentry.object_id",
        "ops.pushsubscription", "ops.pushnotice",
    ),
    "of our lines and machines": (
        "whatsapp.", "campaigns.tick", "campaigns.sender", "campaigns.senderswitch", "campaigns.restore",
        "campaigns.journalreport", "campaigns.schedule", "contenttypes.", "django_q.", "ops.heartbeat",
        "ops.reconciliationrun", "directory.syncstate", "campaigns.attempttally", "campaigns.campaigntotals",
        "ops.alert.key", "ops.alert.open_key", "ops.alert.notify_error", "ops.idempotentrequest.key", "ops.cachedvalue",
        "campaigns.envio.written_key", "campaigns.automaticrule", "opportunities.contactattempt.key", "opportunities.reminder.key",
    ),
    "of a campaign, and the same for everybody in it": (
        "campaigns.campaign", "campaigns.campaignevent", "campaigns.campaignbrake", "campaigns.recipientimport.file_name",
        "campaigns.recipientimport.mapping", "campaigns.recipientimport.error",
    ),
    "sums of many people's days": ("campaigns.sendday", "ops.rolledday", "opportunities.resultday"),
    "hashes that tell nobody's number": (
        "directory.erasedphone", "campaigns.forgottendispatch", "legacy.importedrow", "ops.idempotentrequest.fingerprint",
        "campaigns.refusedevent.fingerprint", "campaigns.automaticanswer",
    ),
    "one of few words, the same for many people": (
        "directory.client.source", "directory.client.agreement", "directory.client.province", "directory.client.city",
        "directory.client.client_type", "directory.client.availability", "directory.contactpoint.kind",
        "directory.suppression.source", "directory.suppressionlift.source", "campaigns.envio.state", "campaigns.envio.automatic", "campaigns.conversation.state", "campaigns.conversationevent.kind", "campaigns.reply.kind",
        "campaigns.envio.error_code", "campaigns.envioevent.evidence", "campaigns.envioevent.from_state",
        "campaigns.envioevent.to_state", "campaigns.attempt.worker", "campaigns.attempt.outcome",
        "campaigns.attempt.host", "campaigns.attempt.code", "campaigns.earlyreceipt.kind",
        "campaigns.earlyreceipt.error_code", "campaigns.recipientimport.state", "opportunities.opportunity.state",
        "opportunities.opportunity.origin", "opportunities.opportunityevent.kind",
        "opportunities.contactattempt.channel", "opportunities.contactattempt.outcome", "opportunities.reminder.state",
        "opportunities.savedfilter.listed_state", "opportunities.savedfilter.stage_name",
        "opportunities.opportunityevent.from_state", "opportunities.opportunityevent.to_state", "ops.alert.severity",
        "ops.reconciliationfinding.area", "ops.reconciliationfinding.kind", "ops.repair.kind",
    ),
}  # fmt: skip
_TEXTS = (models.CharField, models.TextField, models.JSONField, models.FileField, models.BinaryField)


def texts() -> set[str]:
    return {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
        for field in model._meta.concrete_fields
        if isinstance(field, _TEXTS)
    }


def covered() -> set[str]:
    return {f"{model}.{name}" for part in run.parts() for model, names in part.columns.items() for name in names}


def excused(column: str) -> bool:
    model = column.rpartition(".")[0]
    return any(
        word in (column, model) or (word.endswith(".") and column.startswith(word))
        for words in EXCUSED.values()
        for word in words
    )


def test_every_text_that_we_keep_is_told_and_erased_or_excused_by_name() -> None:
    assert {column for column in texts() if column not in covered() and not excused(column)} == set()
    assert covered() <= texts()
    assert {column for column in covered() if excused(column)} == set()


def test_tells_all_of_one_person_and_nothing_of_others(known: Known) -> None:
    other = one_of(known.people.colleague)
    told = io.StringIO()

    call_command("person", "export", "351 555-0199", by=known.administrator.username, region="AR", stdout=told)

    held = json.loads(told.getvalue())
    assert PHONE in held["phones"]
    assert {kind for kind, rows in held.items() if not rows} <= {"early_receipts", "conversation_history", "findings", "erased_before", "sales",
                                                                "bulk_decisions", "cool_downs"}  # fmt: skip
    assert held["clients"][0]["name"] == NAME
    assert [row["id"] for row in held["opportunities"]] == [known.row.pk]
    assert other.client.name not in told.getvalue()
    audit = PersonalDataRequest.objects.get()
    assert (audit.kind, audit.by, audit.counts["messages"]) == ("exportar", known.administrator, 2)
    assert PHONE not in json.dumps(audit.counts) + audit.person_key


@pytest.mark.django_db
def test_of_whom_nothing_is_known_nothing_is_told(known: Known) -> None:
    person = run.person_of("+5493515550177", region="AR")

    held = run.export(person, by_id=None, reason="", now=known.row.created_at)

    assert not any(rows for kind, rows in held.items() if kind not in ("phones", "exported_at"))
