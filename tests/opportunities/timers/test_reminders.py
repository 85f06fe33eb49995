"""Reminders: whose they are, what is done about them, and where they go when their opportunity does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import IntegrityError

from campaigns.inbound import receive
from campaigns.models import Conversation
from leadmaster.accounts.models import User
from opportunities.assignment import answering
from opportunities.enums import ContactChannel, EventKind, ReminderState
from opportunities.errors import Incomplete, NotAllowed, Refused, Stale, WrongState
from opportunities.funnel import contact, moves
from opportunities.funnel.contact import Press
from opportunities.models import BulkAction, Opportunity, Promoter, Reminder
from opportunities.queries.reminders import next_of_day, next_reminders, reminders_of
from opportunities.state import locking
from opportunities.supervision import bulk, decisions, departures
from opportunities.supervision.undo import undo
from opportunities.timers import expiry, reminders
from opportunities.timers.reminders import Wish
from tests.factories.campaigns import CampaignFactory
from tests.factories.opportunities import Funnel
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, one_of
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)

S = ReminderState
HOUR = dt.timedelta(hours=1)
DUE = NOW + HOUR


@pytest.fixture
def row(people: People, funnel: Funnel) -> Opportunity:
    return one_of(people.owner)


def wish(key: str = "k", due: dt.datetime = DUE, note: str = "Llamar") -> Wish:
    return Wish(due_at=due, key=key, note=note)


def remind(row: Opportunity, by: User, key: str = "k") -> Reminder:
    return reminders.remind(row.pk, wish(key), by=by, now=NOW)


def hear(line: WhatsAppSession, message_id: str, *, phone: str, lid: str = "") -> None:
    said = Inbound(tenant_id=line.tenant_id, message_id=message_id, phone=phone, lid=lid, text="Hola", at=NOW)
    receive(said, session=line, now=NOW)


def talk(people: People, lid: str = "") -> Conversation:
    """Somebody wrote to a line of the owner's."""
    line = WhatsAppSessionFactory.create(owner=people.owner.user, team=people.owner.desk.team, region="MX")
    hear(line, "m1", phone="" if lid else "+523312345678", lid=lid)
    return Conversation.objects.get()


def test_it_is_its_owners_whoever_sets_it_and_the_same_press_is_one(people: People, row: Opportunity) -> None:
    made = remind(row, people.boss)

    assert remind(row, people.boss) == made
    assert (made.whom, made.set_by, made.team, made.due_at) == (people.owner.user, people.boss, row.team, DUE)
    assert next_of_day(people.owner.user, now=NOW)[0].row == made
    assert next_of_day(people.boss, now=NOW) == []
    assert next_reminders([row.pk]) == {row.pk: made}
    assert findings() == []


@pytest.mark.parametrize("who", ["colleague", "stranger", "other_boss"])
def test_nobody_else_sets_sees_or_closes_one(people: People, row: Opportunity, who: str) -> None:
    found = getattr(people, who)
    user = found if isinstance(found, User) else found.user
    made = remind(row, people.owner.user)

    assert not reminders_of(user, Reminder.objects.all()).exists()
    acts: list[Callable[[], object]] = [
        lambda: remind(row, user, "otro"),
        lambda: reminders.finish(made.pk, by=user, version=1, now=NOW),
        lambda: reminders.cancel(made.pk, by=user, version=1, now=NOW),
        lambda: reminders.postpone(made.pk, until=DUE + HOUR, by=user, version=1, now=NOW),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    made.refresh_from_db()
    assert (made.state, made.version) == (S.PENDING, 1)


def test_done_put_off_and_cancelled_are_written_down_and_asked_for_the_version_that_was_seen(
    people: People, row: Opportunity
) -> None:
    by = people.owner.user
    made = remind(row, by)

    put_off = reminders.postpone(made.pk, until=DUE + HOUR, by=by, version=1, now=DUE + dt.timedelta(minutes=5))
    assert (put_off.due_at, put_off.postponed, put_off.version) == (DUE + HOUR, 1, 2)
    with pytest.raises(Stale):
        reminders.finish(made.pk, by=by, version=1, now=NOW)
    done = reminders.finish(made.pk, by=by, version=2, now=DUE + 2 * HOUR)
    assert (done.state, done.closed_by, done.closed_at) == (S.DONE, by, DUE + 2 * HOUR)
    with pytest.raises(WrongState, match="ya está hecho"):
        reminders.cancel(made.pk, by=by, version=3, now=NOW)
    told = row.events.filter(kind=EventKind.NOTE).order_by("id").values_list("reason", flat=True)
    assert [line.partition(":")[0] for line in told] == ["Recordatorio", "Recordatorio pospuesto", "Recordatorio hecho"]


def test_what_is_overdue_stays_until_somebody_acts(people: People, row: Opportunity, funnel: Funnel) -> None:
    moves.move(row.pk, funnel.contacted, by=people.owner.user, version=1, now=NOW)
    Opportunity.objects.filter(pk=row.pk).update(deadline=None)
    made = remind(row, people.owner.user)

    [found] = next_of_day(people.owner.user, now=NOW + dt.timedelta(days=40))

    assert (found.row, found.due) == (made, True)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (wish(due=NOW), "ya pasó"),
        (wish(due=NOW + dt.timedelta(days=367)), "un año"),
        (wish(note="x" * 241), "240"),
        (wish(""), "clave"),
        (wish("x" * 65), "clave"),
    ],
)
def test_what_makes_no_sense_is_refused(people: People, row: Opportunity, asked: Wish, problem: str) -> None:
    with pytest.raises(Incomplete, match=problem):
        reminders.remind(row.pk, asked, by=people.owner.user, now=NOW)
    assert not Reminder.objects.exists()


def test_there_are_so_many_on_one_and_so_many_of_a_person(
    people: People, row: Opportunity, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(reminders.MOST_OF_ONE):
        remind(row, people.owner.user, str(number))
    with pytest.raises(WrongState, match="Ya hay 5"):
        remind(row, people.owner.user, "uno más")
    monkeypatch.setattr(reminders, "MOST_OF_PERSON", 5)
    with pytest.raises(WrongState, match="su máximo"):
        remind(one_of(people.owner), people.owner.user, "otro")


def test_with_a_reassignment_it_goes_along_and_tells_whose_it_was(people: People, row: Opportunity) -> None:
    made = remind(row, people.owner.user)

    decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW)

    [found] = next_of_day(people.colleague.user, now=NOW)
    assert (found.row, found.row.handed_from, found.row.version) == (made, people.owner.user, 2)
    assert next_of_day(people.owner.user, now=NOW) == []
    with pytest.raises(NotAllowed):
        reminders.finish(made.pk, by=people.owner.user, version=2, now=NOW)


@pytest.mark.parametrize("end", ["exit", "pool", "sale", "closed", "expired"])
def test_it_ends_with_its_opportunity(people: People, row: Opportunity, funnel: Funnel, end: str) -> None:
    by = people.owner.user
    made = remind(row, by)
    now = NOW + dt.timedelta(hours=2) if end == "expired" else NOW

    if end == "expired":
        expiry.expire_timers(now)
    elif end == "pool":
        decisions.return_to_pool(row.pk, by=people.boss, now=now)
    elif end == "closed":
        decisions.close(row.pk, by=people.boss, now=now, reason="Fin")
    else:
        stage = funnel.sold if end == "sale" else funnel.no_answer
        moves.move(row.pk, stage, by=by, version=1, now=now, data={"amount": "10"})

    made.refresh_from_db()
    assert (made.state, made.closed_at) == (S.ENDED, now)
    assert next_of_day(by, now=now) == []


def test_taking_a_bulk_action_back_gives_the_reminders_back(people: People, row: Opportunity) -> None:
    made = remind(row, people.owner.user)
    for act in (
        lambda: bulk.close([row.pk], by=people.boss, now=NOW, reason="Fin"),
        lambda: bulk.return_to_pool([row.pk], by=people.boss, now=NOW),
        lambda: bulk.reassign([row.pk], people.colleague, by=people.boss, now=NOW),
    ):
        report = act()
        made.refresh_from_db()
        assert (made.state, made.whom) != (S.PENDING, people.owner.user)
        undo(BulkAction.objects.get(pk=report.action_id), by=people.boss, now=NOW)
        made.refresh_from_db()
        assert (made.state, made.whom, made.closed_at) == (S.PENDING, people.owner.user, None)


def test_a_switched_off_promoters_are_told_and_go_with_what_they_had(people: People, row: Opportunity) -> None:
    made = remind(row, people.owner.user)
    conversation = talk(people)
    of_talk = reminders.remind_of_conversation(conversation.pk, wish("t"), by=people.owner.user, now=NOW)
    assert departures.holdings(people.owner.user).reminders == 2
    seal = departures.holdings(people.owner.user).seal
    remind(row, people.owner.user, "k2")
    assert departures.holdings(people.owner.user).seal != seal

    departures.hand_over(people.owner.user, by=None, now=NOW)

    made.refresh_from_db()
    of_talk.refresh_from_db()
    assert (made.state, made.whom) == (S.PENDING, people.owner.user)
    assert (of_talk.whom, of_talk.handed_from) == (people.boss, people.owner.user)
    decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW)
    made.refresh_from_db()
    assert (made.state, made.whom) == (S.PENDING, people.colleague.user)


def test_the_cron_hands_on_what_is_left_in_conversations(people: People, funnel: Funnel) -> None:
    conversation = talk(people)
    made = reminders.remind_of_conversation(conversation.pk, wish(), by=people.owner.user, now=NOW)
    User.objects.filter(pk=people.owner.user_id).update(is_active=False)

    departures.hand_over_departed(NOW)

    made.refresh_from_db()
    assert made.whom == people.boss
    assert not reminders.left_behind().exists()


def test_on_a_conversation_it_is_whose_they_say(people: People, funnel: Funnel) -> None:
    conversation = talk(people)

    own = reminders.remind_of_conversation(conversation.pk, wish("a"), by=people.owner.user, now=NOW)
    given = reminders.remind_of_conversation(conversation.pk, wish("b"), by=people.boss, now=NOW, whom=people.colleague)

    assert (own.whom, given.whom, given.set_by) == (people.owner.user, people.colleague.user, people.boss)
    assert reminders.remind_of_conversation(conversation.pk, wish("a"), by=people.owner.user, now=NOW) == own
    with pytest.raises(NotAllowed):
        reminders.remind_of_conversation(
            conversation.pk, wish("c"), by=people.owner.user, now=NOW, whom=people.colleague
        )
    people.stranger.desk.team.supervisors.add(people.boss)
    with pytest.raises(Refused, match="no es del equipo"):
        reminders.remind_of_conversation(conversation.pk, wish("d"), by=people.boss, now=NOW, whom=people.stranger)
    for user in (people.stranger.user, people.other_boss):
        with pytest.raises(NotAllowed):
            reminders.remind_of_conversation(conversation.pk, wish("e"), by=user, now=NOW)
    assert Reminder.objects.count() == 2


def test_a_conversation_that_is_given_away_takes_its_reminders_along(people: People, funnel: Funnel) -> None:
    conversation = talk(people)
    answering.assign(conversation.pk, to=people.owner, by=people.boss, version=conversation.version, now=NOW)
    made = reminders.remind_of_conversation(conversation.pk, wish(), by=people.owner.user, now=NOW)

    conversation.refresh_from_db()
    answering.assign(conversation.pk, to=people.colleague, by=people.boss, version=conversation.version, now=NOW)

    made.refresh_from_db()
    assert made.whom == people.colleague.user


def test_of_two_conversations_that_become_one_no_reminder_is_lost(people: People, funnel: Funnel) -> None:
    hidden = talk(people, lid="99887766")
    line = hidden.session
    made = reminders.remind_of_conversation(hidden.pk, wish(), by=people.owner.user, now=NOW)
    hear(line, "m2", phone="+523312345678")

    hear(line, "m3", phone="+523312345678", lid="99887766")

    made.refresh_from_db()
    assert made.conversation == Conversation.objects.get()


def test_who_comes_back_to_their_work_from_another_team_has_it_there(people: People, row: Opportunity) -> None:
    made = remind(row, people.owner.user)
    departures.hand_over(people.owner.user, by=None, now=NOW)
    Promoter.objects.filter(pk=people.owner.pk).update(desk=people.stranger.desk)
    people.owner.refresh_from_db()
    people.stranger.desk.team.supervisors.add(people.boss)

    decisions.reassign(row.pk, people.owner, by=people.boss, now=NOW)

    made.refresh_from_db()
    assert (made.state, made.whom, made.team) == (S.PENDING, people.owner.user, people.stranger.desk.team)
    assert reminders_of(people.other_boss, Reminder.objects.all()).exists()


def test_a_conversation_of_two_teams_takes_its_reminders_to_the_other_one(people: People, funnel: Funnel) -> None:
    conversation = talk(people)
    campaign = CampaignFactory.create(session=conversation.session, team=people.stranger.desk.team)
    Conversation.objects.filter(pk=conversation.pk).update(campaign=campaign, assigned_to=people.owner.user)
    made = reminders.remind_of_conversation(conversation.pk, wish(), by=people.owner.user, now=NOW)

    answering.assign(conversation.pk, to=people.stranger, by=people.other_boss, version=conversation.version, now=NOW)

    assert [one.row for one in next_of_day(people.stranger.user, now=NOW)] == [made]


@pytest.mark.parametrize("door", ["reminder", "contact"])
def test_a_key_that_came_to_two_at_once_is_refused_at_the_second(
    people: People, row: Opportunity, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """The other one commits between the look for the key and the insert."""
    by, other = people.owner.user, one_of(people.owner)
    press = Press(channel=ContactChannel.CALL, key="k", phone=row.client.contacts.all()[0].normalised)
    remind(row, by)
    contact.begin(row.pk, press, by=by, now=NOW)
    lock, fails = locking.lock_one, [IntegrityError("the key is there")]

    def late(opportunity_id: int) -> Opportunity:
        if fails:
            raise fails.pop()
        return lock(opportunity_id)

    monkeypatch.setattr(locking, "lock_one", late)

    with pytest.raises(Refused, match="clave ya se usó"):
        remind(other, by) if door == "reminder" else contact.begin(other.pk, press, by=by, now=NOW)


def test_of_a_conversation_of_ones_own_line_in_another_team_one_is_reminded(people: People, funnel: Funnel) -> None:
    conversation = talk(people)
    Promoter.objects.filter(pk=people.owner.pk).update(desk=people.stranger.desk)

    made = reminders.remind_of_conversation(conversation.pk, wish(), by=people.owner.user, now=NOW)

    assert [one.row for one in next_of_day(people.owner.user, now=NOW)] == [made]


def test_who_left_their_desk_reads_no_reminder_of_its_conversations(people: People, funnel: Funnel) -> None:
    """Also where nobody supervises the team, so that they wait with it."""
    conversation = talk(people)
    given = reminders.remind_of_conversation(conversation.pk, wish(), by=people.boss, now=NOW, whom=people.colleague)
    assert [one.row for one in next_of_day(people.colleague.user, now=NOW)] == [given]
    user = people.colleague.user

    people.colleague.delete()

    assert not reminders_of(user, Reminder.objects.all()).exists()
