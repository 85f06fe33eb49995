"""Calls and chats: what a press leaves, what is told of it, and by whom it is put right."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.errors import Incomplete, NotAllowed, Refused, WrongState
from opportunities.funnel import contact
from opportunities.funnel.contact import Press, Result
from opportunities.models import ContactAttempt, Opportunity, OpportunityEvent, Reminder
from opportunities.queries.contact_figures import Contacts, contacts_today, last_contacts
from tests.factories.opportunities import Funnel
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db(transaction=True)

CALL = ContactChannel.CALL
R = ContactOutcome
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def row(people: People, funnel: Funnel) -> Opportunity:
    return one_of(people.owner)


def press(row: Opportunity, key: str = "k1", channel: ContactChannel = CALL) -> Press:
    return Press(channel=channel, key=key, phone=row.client.contacts.all()[0].normalised)


def notes(row: Opportunity) -> list[str]:
    return list(
        OpportunityEvent.objects.filter(opportunity=row, kind="nota").order_by("id").values_list("reason", flat=True)
    )


def test_a_press_leaves_an_attempt_without_a_result_once(people: People, row: Opportunity) -> None:
    first = contact.begin(row.pk, press(row), by=people.owner.user, now=NOW)
    again = contact.begin(row.pk, press(row), by=people.owner.user, now=NOW + HOUR)

    assert again == first
    assert (first.outcome, first.told_at, first.at) == (R.PENDING, None, NOW)
    assert notes(row) == []
    assert last_contacts([row.pk]) == {row.pk: first}
    assert contacts_today(people.owner, now=NOW + HOUR) == Contacts(number=1, reached=0, untold=1)


def test_result_note_and_reminder_are_one_press_and_the_same_again_is_the_same(
    people: People, row: Opportunity
) -> None:
    by, due = people.owner.user, NOW + 2 * HOUR
    contact.begin(row.pk, press(row), by=by, now=NOW)
    told = Result(outcome=R.CALL_BACK, note="Después de almorzar")

    first = contact.tell(row.pk, press(row), told, by=by, now=NOW + HOUR, remind_at=due)
    again = contact.tell(row.pk, press(row), told, by=by, now=NOW + HOUR, remind_at=due)

    assert again == first
    assert first.reminder is not None
    assert (first.reminder.due_at, first.reminder.whom, first.reminder.note) == (due, by, "Después de almorzar")
    attempt = ContactAttempt.objects.get()
    assert (attempt.outcome, attempt.told_at, attempt.note) == (R.CALL_BACK, NOW + HOUR, "Después de almorzar")
    assert Reminder.objects.get() == first.reminder
    assert [note.partition(" ·")[0] for note in notes(row)] == [
        "Llamada: Volver a llamar",
        "Recordatorio: 04/03/2026 17:00",
    ]
    assert contacts_today(people.owner, now=NOW + HOUR) == Contacts(number=1, reached=1, untold=0)
    row.refresh_from_db()
    assert row.version == 1
    assert findings() == []


def test_a_press_that_never_arrived_comes_with_its_result(people: People, row: Opportunity) -> None:
    contact.tell(row.pk, press(row), Result(outcome=R.BUSY), by=people.owner.user, now=NOW)
    contact.begin(row.pk, press(row), by=people.owner.user, now=NOW + HOUR)

    assert ContactAttempt.objects.get().outcome == R.BUSY


def test_nothing_is_written_when_the_reminder_is_refused(people: People, row: Opportunity) -> None:
    with pytest.raises(Incomplete, match="ya pasó"):
        contact.tell(row.pk, press(row), Result(outcome=R.BUSY), by=people.owner.user, now=NOW, remind_at=NOW - HOUR)

    assert not ContactAttempt.objects.exists()
    assert notes(row) == []


def test_its_author_puts_it_right_for_a_day_and_the_history_keeps_both(people: People, row: Opportunity) -> None:
    by = people.owner.user
    told = contact.tell(row.pk, press(row), Result(outcome=R.NO_ANSWER), by=by, now=NOW).attempt

    corrected = contact.correct(told.pk, Result(outcome=R.ANSWERED, note="Era él"), by=by, now=NOW + 23 * HOUR)

    assert (corrected.outcome, corrected.told_at) == (R.ANSWERED, NOW)
    assert notes(row)[-1].startswith("Llamada: Atendió (antes: No atendió)")
    # A repetition of the first press that comes late takes nothing back.
    with pytest.raises(WrongState, match="Ya contaste"):
        contact.tell(row.pk, press(row), Result(outcome=R.NO_ANSWER), by=by, now=NOW + 23 * HOUR)
    with pytest.raises(WrongState, match="Ya pasó un día"):
        contact.correct(told.pk, Result(outcome=R.BUSY), by=by, now=NOW + 25 * HOUR)
    for other in (people.colleague.user, people.boss, people.other_boss):
        with pytest.raises(NotAllowed):
            contact.correct(told.pk, Result(outcome=R.BUSY), by=other, now=NOW + HOUR)
    told.refresh_from_db()
    assert told.outcome == R.ANSWERED


def test_only_who_may_work_it_calls_and_only_its_own_numbers(people: People, row: Opportunity) -> None:
    for stranger in (people.colleague.user, people.stranger.user, people.other_boss):
        with pytest.raises(NotAllowed):
            contact.begin(row.pk, press(row), by=stranger, now=NOW)
    contact.begin(row.pk, press(row, "suya"), by=people.boss, now=NOW)
    with pytest.raises(Refused, match="no es de este cliente"):
        contact.begin(row.pk, Press(channel=CALL, key="otra", phone="+5491155550000"), by=people.owner.user, now=NOW)
    with pytest.raises(Incomplete, match="Elige cómo te fue"):
        contact.tell(
            row.pk, press(row, "c", ContactChannel.CHAT), Result(outcome=R.BUSY), by=people.owner.user, now=NOW
        )
    with pytest.raises(Incomplete, match="clave"):
        contact.begin(row.pk, press(row, "x" * 65), by=people.owner.user, now=NOW)
    with pytest.raises(Incomplete, match="240"):
        contact.tell(row.pk, press(row), Result(outcome=R.BUSY, note="x" * 241), by=people.owner.user, now=NOW)
    assert ContactAttempt.objects.get().by == people.boss


def test_a_key_is_of_one_opportunity(people: People, row: Opportunity) -> None:
    other = one_of(people.owner)
    contact.begin(row.pk, press(row), by=people.owner.user, now=NOW)

    with pytest.raises(Refused, match="otra oportunidad"):
        contact.begin(other.pk, press(other), by=people.owner.user, now=NOW)


def test_a_day_has_so_many_contacts_and_no_more(
    people: People, row: Opportunity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact, "MOST_A_DAY", 2)
    for key in ("a", "b"):
        contact.begin(row.pk, press(row, key), by=people.owner.user, now=NOW)

    with pytest.raises(WrongState, match="máximo de un día"):
        contact.begin(row.pk, press(row, "c"), by=people.owner.user, now=NOW + HOUR)
    contact.begin(row.pk, press(row, "c"), by=people.owner.user, now=NOW + 25 * HOUR)


def test_a_key_of_a_call_tells_nothing_of_a_chat_nor_of_another_number(people: People, row: Opportunity) -> None:
    by = people.owner.user
    contact.begin(row.pk, press(row), by=by, now=NOW)
    chat = press(row, channel=ContactChannel.CHAT)
    elsewhere = dataclasses.replace(press(row), phone="+5493515550999")

    for other, outcome in ((chat, R.WRITTEN), (elsewhere, R.ANSWERED)):
        with pytest.raises(Refused, match="otro medio"):
            contact.tell(row.pk, other, Result(outcome=outcome), by=by, now=NOW)

    assert ContactAttempt.objects.get().outcome == R.PENDING
