"""Erasing takes a person out of every table, and leaves what was sent, counted and decided as it was."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from campaigns.audience.batches import BatchWriter
from campaigns.audience.rows import Person as Recipient
from campaigns.audience.seen_phones import seen_phones
from campaigns.enums import EnvioState, Evidence
from campaigns.inbound import receive
from campaigns.models import Attempt, Envio, Reply
from campaigns.progress import progress
from campaigns.template_checks import check_template
from leadmaster.directory.models import Client, ContactPoint, Suppression
from leadmaster.ops.models import PersonalDataRequest
from leadmaster.ops.privacy import run
from leadmaster.ops.privacy.part import NotNow
from opportunities.assignment import capture
from opportunities.enums import OpportunityState
from opportunities.errors import Incomplete
from tests.factories.campaigns import CampaignFactory, EnvioFactory, campaign_of
from tests.ops.privacy.conftest import DIGITS, LID, NAME, PHONE, Known
from whatsapp.inbound import Inbound

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


def everything() -> str:
    """Every row of every table, as text."""
    tables = (model._base_manager.values_list() for model in apps.get_models(include_auto_created=True))
    return "\n".join(json.dumps(list(rows), cls=DjangoJSONEncoder, ensure_ascii=False, default=str) for rows in tables)


def erase(known: Known) -> dict[str, int]:
    person = run.person_of(PHONE, region="AR")
    return run.erase(person, by_id=known.administrator.pk, reason="Lo pidió por carta", now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_nothing_of_the_person_is_found_in_any_table_and_the_ledger_is_as_it_was(known: Known) -> None:
    before = everything()
    assert before.count(DIGITS) > 10
    assert "555-0199" in before
    counted = progress(campaign_of(known.sent))
    attempts = list(Attempt.objects.values_list("outcome", "token", "session_day__used"))

    erased = erase(known)

    after = everything()
    for trace in (DIGITS, PHONE, LID, "555-0199", "555 0199", NAME, "Quintanilla", "QUIE800101"):
        assert trace not in after, after[max(after.find(trace) - 300, 0) : after.find(trace) + 80]
    assert erased["messages"] == 2
    assert progress(campaign_of(known.sent)) == counted
    assert list(Attempt.objects.values_list("outcome", "token", "session_day__used")) == attempts
    known.sent.refresh_from_db()
    known.pending.refresh_from_db()
    known.row.refresh_from_db()
    assert (known.sent.state, known.sent.text) == (EnvioState.SENT, "")
    assert known.pending.state == EnvioState.CANCELLED
    assert set(known.sent.events.values_list("evidence", flat=True)) >= {Evidence.ERASED}
    assert known.row.state == OpportunityState.LOST
    known.upload.refresh_from_db()
    assert (known.upload.file.name, known.upload.report.name) == ("", "")
    audit = PersonalDataRequest.objects.get()
    assert (audit.kind, audit.by, audit.counts["messages"]) == ("borrar", known.administrator, 2)


@pytest.mark.django_db(transaction=True)
def test_everything_is_still_true_afterwards_and_a_second_time_finds_nothing(known: Known) -> None:
    told = io.StringIO()
    with pytest.raises(SystemExit):
        # The made-up past of the fixture: what reconcile says of it before is what it says afterwards.
        call_command("reconcile", "--json", stdout=told)
    before = {line["id"] for line in json.loads(told.getvalue())["findings"]}

    erase(known)

    again = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command("reconcile", "--json", stdout=again)
    assert {line["id"] for line in json.loads(again.getvalue())["findings"]} <= before
    assert sum(erase(known).values()) == 0


@pytest.mark.django_db(transaction=True)
def test_whoever_was_erased_gets_nothing_more_whatever_list_they_come_with(known: Known) -> None:
    erase(known)
    campaign = CampaignFactory.create(template="Hola {nombre}")
    assert Suppression.objects.among([PHONE, "+5493515550100"]) == {PHONE}

    with seen_phones() as seen:
        writer = BatchWriter(
            campaign, template=check_template("Hola {nombre}", columns=()), seen=seen, record=None, now=NOW
        )
        [decision] = writer.write([Recipient(row=1, raw_phone=PHONE, phone=PHONE, name="Otra", values={})])
    assert decision.code == "opted_out"
    person = capture.NewClient(name="Otra Vez", phones=[PHONE], region="AR")
    with pytest.raises(Incomplete):
        capture.capture(known.people.owner, person, key="k", now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_what_they_write_later_is_not_written_down(known: Known) -> None:
    erase(known)
    for phone, lid in ((PHONE, ""), (PHONE, LID), ("", LID)):
        inbound = Inbound(
            tenant_id="1", lid=lid, phone=phone, text="Hola, soy yo", at=timezone.now(), message_id="nuevo"
        )
        receive(inbound, session=known.sent.session, now=timezone.now())

    assert DIGITS not in everything()
    assert not Reply.objects.filter(message_id="nuevo").exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_going_out_at_this_moment_is_waited_for_and_nothing_is_erased(known: Known) -> None:
    flying = EnvioFactory.create(phone=PHONE, state=EnvioState.SENDING, dispatched_at=timezone.now())
    before = everything()

    with pytest.raises(NotNow, match="saliendo"):
        erase(known)

    assert everything() == before
    Envio.objects.filter(pk=flying.pk).delete()


@pytest.mark.django_db(transaction=True)
def test_the_command_asks_for_who_and_why_and_does_the_same(known: Known) -> None:
    with pytest.raises(CommandError, match="--by"):
        call_command("person", "erase", PHONE, by=known.people.boss.username, yes=True)
    with pytest.raises(CommandError, match="motivo"):
        call_command("person", "erase", PHONE, by=known.administrator.username, yes=True)
    assert ContactPoint.objects.filter(normalised=PHONE).exists()

    call_command(
        "person", "erase", "351 555-0199", by=known.administrator.username, reason="Carta", region="AR", yes=True,
        stdout=io.StringIO(),
    )  # fmt: skip

    assert DIGITS not in everything()
    assert Client.objects.get(pk=known.client.pk).erased_at is not None
