"""One conversation of a line and a person: whatever is told, in whatever order, by however many callbacks at once."""

from __future__ import annotations

import datetime as dt
import functools
import importlib

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from campaigns.conversation_states import TRANSITIONS, assign, handle, read, snooze
from campaigns.enums import ConversationState, EnvioState, MessageKind
from campaigns.errors import Incomplete, Stale, WrongState
from campaigns.inbound import receive
from campaigns.models import Conversation, Reply
from leadmaster.directory.models import Suppression
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults.desk_crowd import at_once, errors
from whatsapp.inbound import Content, Inbound
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db

S = ConversationState
NOW = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
PHONE, LID = "+5493515550001", "123456789012345"
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def line(db: None) -> WhatsAppSession:
    row: WhatsAppSession = WhatsAppSessionFactory.create(region="AR")
    return row


def hears(
    line: WhatsAppSession,
    text: str = "Hola",
    *,
    phone: str = PHONE,
    lid: str = "",
    message_id: str = "in-1",
    at: dt.datetime = NOW,
    content: Content = Content.TEXT,
) -> bool:
    inbound = Inbound(
        tenant_id=line.tenant_id, message_id=message_id, phone=phone, lid=lid, text=text, at=at, content=content
    )
    return receive(inbound, session=line, now=NOW).asked


def only() -> Conversation:
    return Conversation.objects.get()


# --- What people write -------------------------------------------------------------------------------------------------


def test_a_message_makes_somebody_wait(line: WhatsAppSession) -> None:
    hears(line, at=NOW - MINUTE)

    row = only()
    assert (row.phone, row.lid, row.state, row.unread) == (PHONE, None, S.WAITING, 1)
    assert row.waiting_since == row.due_at == row.last_at == NOW - MINUTE
    assert row.last_reply == Reply.objects.get()


def test_the_same_callback_ten_times_is_one_message(line: WhatsAppSession) -> None:
    for _time in range(10):
        hears(line)

    assert (only().unread, only().version, Reply.objects.count()) == (1, 2, 1)


def test_what_comes_late_keeps_the_order_and_the_oldest_wait(line: WhatsAppSession) -> None:
    hears(line, "Después", message_id="in-2", at=NOW - MINUTE)
    hears(line, "Antes", message_id="in-1", at=NOW - 9 * MINUTE)

    row = only()
    assert (row.waiting_since, row.last_at, row.unread) == (NOW - 9 * MINUTE, NOW - MINUTE, 2)
    assert row.last_reply is not None
    assert row.last_reply.text == "Después"


def test_each_line_has_a_conversation_of_its_own(line: WhatsAppSession) -> None:
    hears(line)
    hears(WhatsAppSessionFactory.create(region="AR"))

    assert Conversation.objects.filter(phone=PHONE).count() == 2


def test_the_campaign_that_wrote_last_is_the_one_that_is_answered(line: WhatsAppSession) -> None:
    for hours, state in ((3, EnvioState.SENT), (1, EnvioState.SENT), (0, EnvioState.CANCELLED)):
        campaign = CampaignFactory.create(session=line, name=f"Hace {hours}")
        at = NOW - dt.timedelta(hours=hours)
        EnvioFactory.create(campaign=campaign, phone=PHONE, state=state, sent_at=at)
    EnvioFactory.create(phone=PHONE, state=EnvioState.SENT, sent_at=NOW)

    hears(line)

    assert str(only().campaign) == "Hace 1"


def test_an_image_is_named_and_its_caption_kept(line: WhatsAppSession) -> None:
    hears(line, "¿Es este?", content=Content.IMAGE)

    assert Reply.objects.values_list("kind", "text").get() == (MessageKind.IMAGE, "¿Es este?")
    assert {MessageKind[content.name] for content in Content} == set(MessageKind)


def test_who_asks_for_silence_waits_for_nobody(line: WhatsAppSession) -> None:
    hears(line, "Me interesa", message_id="in-1")
    hears(line, "BAJA", message_id="in-2")

    row = only()
    assert (row.state, row.unread, row.waiting_since, row.handled_by) == (S.HANDLED, 0, None, None)
    assert Reply.objects.count() == 2


# --- Whom WhatsApp names by a lid ------------------------------------------------------------------------------------------


def test_somebody_known_by_a_lid_alone_is_heard(line: WhatsAppSession) -> None:
    hears(line, "¿Quién eres?", phone="", lid=LID)

    assert (only().phone, only().lid, only().unread) == (None, LID, 1)
    assert Reply.objects.values_list("phone", "lid", "text").get() == ("", LID, "¿Quién eres?")


def test_two_lids_are_two_people(line: WhatsAppSession) -> None:
    hears(line, phone="", lid=LID, message_id="in-1")
    hears(line, phone="", lid="999", message_id="in-2")

    assert Conversation.objects.filter(phone=None).count() == 2


def test_a_number_that_is_told_later_is_theirs(line: WhatsAppSession) -> None:
    hears(line, phone="", lid=LID, message_id="in-1", at=NOW - MINUTE)
    hears(line, phone=PHONE, lid=LID, message_id="in-2")
    hears(line, phone="", lid=LID, message_id="in-3")
    hears(line, phone=PHONE, lid="", message_id="in-4")

    row = only()
    assert (row.phone, row.lid, row.unread, row.waiting_since) == (PHONE, LID, 4, NOW - MINUTE)
    assert set(Reply.objects.values_list("phone", flat=True)) == {PHONE}


def test_two_conversations_of_one_person_become_one(line: WhatsAppSession) -> None:
    somebody = UserFactory.create()
    hears(line, "Por el número", message_id="in-1", at=NOW - 5 * MINUTE)
    handle(only().pk, by=somebody, version=only().version, now=NOW)
    hears(line, "Por el lid", phone="", lid=LID, message_id="in-2", at=NOW - 2 * MINUTE)
    hidden = Conversation.objects.get(lid=LID)
    assign(hidden.pk, to=somebody, by=somebody, version=hidden.version, now=NOW)

    hears(line, "Por los dos", phone=PHONE, lid=LID, message_id="in-3")

    row = only()
    assert (row.phone, row.lid, row.unread, row.state) == (PHONE, LID, 2, S.WAITING)
    assert (row.waiting_since, row.assigned_to) == (NOW - 2 * MINUTE, somebody)
    assert row.last_reply is not None
    assert row.last_reply.text == "Por los dos"
    assert list(Reply.objects.order_by("at").values_list("phone", flat=True)) == [PHONE] * 3


def test_a_lid_that_moves_to_another_number_goes_with_the_person(line: WhatsAppSession) -> None:
    hears(line, phone=PHONE, lid=LID, message_id="in-1")
    hears(line, phone="+5493515550002", lid=LID, message_id="in-2")

    assert dict(Conversation.objects.values_list("phone", "lid")) == {PHONE: None, "+5493515550002": LID}
    assert set(Reply.objects.values_list("message_id", "phone")) == {("in-1", PHONE), ("in-2", "+5493515550002")}


def test_a_lid_whose_number_is_known_is_obeyed(line: WhatsAppSession) -> None:
    hears(line, phone=PHONE, lid=LID, message_id="in-1")

    assert hears(line, "BAJA", phone="", lid=LID, message_id="in-2")
    assert Suppression.objects.filter(phone=PHONE).exists()


def test_silence_that_a_lid_asked_for_is_given_once_its_number_is_told(line: WhatsAppSession) -> None:
    assert hears(line, "BAJA", phone="", lid=LID, message_id="in-1") is False
    assert not Suppression.objects.exists()
    assert only().state == S.WAITING

    hears(line, "¿Hola?", phone=PHONE, lid=LID, message_id="in-2")

    assert Suppression.objects.filter(phone=PHONE).exists()


# --- What people of ours do ----------------------------------------------------------------------------------------------------


def test_it_is_handled_until_they_write_again(line: WhatsAppSession) -> None:
    somebody = UserFactory.create()
    hears(line)

    done = handle(only().pk, by=somebody, version=2, now=NOW)

    assert (done.state, done.unread, done.waiting_since, done.due_at) == (S.HANDLED, 0, None, None)
    assert (done.handled_by, done.handled_at) == (somebody, NOW)
    with pytest.raises(WrongState, match="ya está atendida"):
        handle(done.pk, by=somebody, version=done.version, now=NOW)
    hears(line, message_id="in-2", at=NOW - MINUTE)
    assert (only().state, only().unread, only().waiting_since) == (S.WAITING, 1, NOW - MINUTE)


def test_nobody_attends_to_words_that_they_have_not_seen(line: WhatsAppSession) -> None:
    hears(line)
    seen = only()
    hears(line, "Ah, y otra cosa", message_id="in-2")

    for act in (
        functools.partial(handle, by=UserFactory.create(), now=NOW),
        functools.partial(snooze, until=NOW + MINUTE, now=NOW),
        functools.partial(assign, to=None, by=UserFactory.create(), now=NOW),
    ):
        with pytest.raises(Stale, match="cambió desde que la miraste"):
            act(seen.pk, version=seen.version)
    read(seen.pk, version=seen.version)

    assert (only().state, only().unread) == (S.WAITING, 2)
    assert read(seen.pk, version=only().version).unread == 0


def test_what_is_put_off_waits_again_from_its_hour_on_or_when_they_write(line: WhatsAppSession) -> None:
    hears(line, at=NOW - MINUTE)
    until = NOW + dt.timedelta(hours=2)

    row = snooze(only().pk, until=until, version=2, now=NOW)

    assert (row.state, row.snoozed_until, row.waiting_since, row.unread) == (S.SNOOZED, until, NOW - MINUTE, 0)
    assert [row.is_waiting(at) for at in (NOW, until)] == [False, True]
    hears(line, message_id="in-2")
    assert (only().state, only().due_at, only().snoozed_until) == (S.WAITING, NOW - MINUTE, None)


@pytest.mark.parametrize("until", [NOW, NOW - MINUTE, NOW + dt.timedelta(days=91)])
def test_it_is_put_off_to_an_hour_to_come_and_not_for_ever(line: WhatsAppSession, until: dt.datetime) -> None:
    hears(line)

    with pytest.raises(Incomplete):
        snooze(only().pk, until=until, version=2, now=NOW)
    assert only().state == S.WAITING


def test_the_table_knows_every_state() -> None:
    assert set(TRANSITIONS) == set(S)


@pytest.mark.parametrize(
    "lie",
    [
        {"due_at": None},
        {"waiting_since": None},
        {"state": S.HANDLED},
        {"phone": None},
        {"state": "otra"},
    ],
)
def test_the_database_refuses_what_can_not_be(line: WhatsAppSession, lie: dict[str, object]) -> None:
    hears(line)

    with pytest.raises(IntegrityError), transaction.atomic():
        Conversation.objects.update(**lie)


# --- At what cost, and many at once -------------------------------------------------------------------------------------------


def test_hearing_costs_the_same_however_long_it_is(
    line: WhatsAppSession, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        hears(line, message_id=f"in-{number}")

    # Erased number, savepoint, conversation, message seen, message, campaign answered, conversation, savepoint.
    with django_assert_num_queries(8):
        hears(line, message_id="in-20")


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_callbacks_at_once_make_one_conversation(line: WhatsAppSession) -> None:
    calls = [functools.partial(hears, line, message_id=f"in-{number % 6}") for number in range(12)]

    assert errors(at_once(calls)) == []
    assert (only().unread, Reply.objects.count()) == (6, 6)


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_both_names_of_a_person_at_once_make_one_conversation(line: WhatsAppSession) -> None:
    names = [(PHONE, ""), ("", LID), (PHONE, LID)] * 4
    calls = [
        functools.partial(hears, line, message_id=f"in-{number}", phone=phone, lid=lid)
        for number, (phone, lid) in enumerate(names)
    ]

    assert errors(at_once(calls)) == []
    hears(line, phone=PHONE, lid=LID, message_id="in-11")
    assert (only().phone, only().lid, only().unread, Reply.objects.count()) == (PHONE, LID, 12, 12)
    assert set(Reply.objects.values_list("phone", flat=True)) == {PHONE}


# --- Who wrote before there were conversations -------------------------------------------------------------------------------------


def test_who_wrote_before_has_a_conversation_and_twice_the_same(
    line: WhatsAppSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = importlib.import_module("campaigns.migrations.0018_conversations_filled")
    monkeypatch.setattr(migration, "_BATCH", 2)
    monkeypatch.setattr(migration.timezone, "now", lambda: NOW)
    campaign = CampaignFactory.create(session=line)
    EnvioFactory.create(campaign=campaign, phone=PHONE, state=EnvioState.SENT)
    for number, (phone, days) in enumerate([(PHONE, 5), (PHONE, 1), ("+5493515550002", 9), (PHONE, 0)]):
        at = NOW - dt.timedelta(days=days)
        Reply.objects.create(session=line, phone=phone, text=f"Hace {days}", at=at, message_id=f"old-{number}")

    for _time in range(2):
        migration.fill(apps, type("Editor", (), {"connection": connection}))

        recent, old = Conversation.objects.order_by("phone")
        assert (recent.state, recent.unread, recent.campaign) == (S.WAITING, 2, campaign)
        assert (recent.waiting_since, recent.last_at) == (NOW - dt.timedelta(days=1), NOW)
        assert str(recent.last_reply) == str(Reply.objects.get(text="Hace 0"))
        assert (old.state, old.unread, old.last_at) == (S.HANDLED, 0, NOW - dt.timedelta(days=9))
