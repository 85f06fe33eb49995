"""Notes of calls and reminders go by age, and what happened stays."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import Settings

from campaigns import retention
from leadmaster.ops.privacy.part import Person
from opportunities import privacy
from opportunities.enums import ContactChannel, ContactOutcome, ReminderState
from opportunities.funnel import contact
from opportunities.models import ContactAttempt, Opportunity, OpportunityEvent, Reminder
from opportunities.timers import reminders
from tests.factories.opportunities import Funnel
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db(transaction=True)

DAY = dt.timedelta(days=1)


@pytest.fixture
def row(people: People, funnel: Funnel) -> Opportunity:
    """Called and reminded of, with words; the reminder is done."""
    row, by = one_of(people.owner), people.owner.user
    phone = row.client.contacts.all()[0].normalised
    press = contact.Press(channel=ContactChannel.CALL, key="k", phone=phone)
    result = contact.Result(outcome=ContactOutcome.CALL_BACK, note="Vive en la calle Roca 12")
    told = contact.tell(row.pk, press, result, by=by, now=NOW, remind_at=NOW + DAY)
    assert told.reminder is not None
    reminders.finish(told.reminder.pk, by=by, version=1, now=NOW + DAY)
    wish = reminders.Wish(due_at=NOW + 90 * DAY, key="p", note="Pendiente en Roca 12")
    reminders.remind(row.pk, wish, by=by, now=NOW)
    return row


def words() -> str:
    told = OpportunityEvent.objects.values_list("reason", flat=True)
    kept = [*ContactAttempt.objects.values_list("note", flat=True), *Reminder.objects.values_list("note", flat=True)]
    return "\n".join([*told, *kept])


def test_old_notes_go_and_what_happened_stays(row: Opportunity, settings: Settings) -> None:
    settings.RETENTION_TEXT_DAYS = 30
    assert retention.forget(NOW + 20 * DAY, apply=True).get("contacts") is None
    assert retention.forget(NOW + 40 * DAY, apply=False) == {
        "messages": 0, "replies": 0, "contacts": 1, "reminders": 1,
    }  # fmt: skip
    assert words().count("Roca 12") == 7

    retention.forget(NOW + 40 * DAY, apply=True)

    # What is pending is still needed.
    assert words().count("Roca 12") == words().count("Pendiente en Roca 12") == 2
    assert "Llamada: Volver a llamar" in words()
    assert "Recordatorio hecho" in words()
    assert retention.forget(NOW + 40 * DAY, apply=True) == {"messages": 0, "replies": 0}


def test_an_erased_persons_calls_and_reminders_hold_no_word_of_theirs(row: Opportunity) -> None:
    person = Person.of([row.client.contacts.all()[0].normalised], [row.client_id])
    held = privacy.PART.export(person)
    assert (len(held["calls"]), len(held["reminders"])) == (1, 2)

    privacy.PART.erase(person, by_id=None, now=NOW + 2 * DAY)

    assert "Roca" not in words()
    assert ContactAttempt.objects.get().phone == ""
    assert {one.state for one in Reminder.objects.all()} == {ReminderState.DONE, ReminderState.ENDED}
