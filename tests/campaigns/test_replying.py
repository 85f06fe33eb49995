"""What a person writes in a conversation: once, having seen everything, to whom may be written to."""

from __future__ import annotations

import datetime as dt
import functools
import uuid

import pytest
from pytest_django.fixtures import Settings

from campaigns import replying, switch
from campaigns.conversations import thread
from campaigns.enums import ConversationState, EnvioState
from campaigns.errors import Incomplete, NotAllowed, Refused, WrongState
from campaigns.inbound import receive
from campaigns.models import Conversation, Envio
from campaigns.replying import Seen, Unseen, seen_of
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Suppression
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import ConversationFactory, EnvioFactory, WrittenReplyFactory
from tests.faults.desk_crowd import at_once, errors
from whatsapp.inbound import Content, Inbound

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def row(db: None) -> Conversation:
    made: Conversation = ConversationFactory.create(waiting_since=NOW - dt.timedelta(minutes=1))
    made.refresh_from_db()
    return made


@pytest.fixture
def author(db: None) -> User:
    made: User = UserFactory.create()
    return made


def says(row: Conversation, text: str, *, message_id: str = "", at: dt.datetime = NOW) -> None:
    inbound = Inbound(
        tenant_id=row.session.tenant_id,
        message_id=message_id or uuid.uuid4().hex,
        phone=row.phone or "",
        lid="",
        text=text,
        at=at,
        content=Content.TEXT,
    )
    receive(inbound, session=row.session, now=NOW)


def write(
    row: Conversation, by: User, text: str = "Sale $ 10.000", *, key: str = "k", seen: Seen | None = None
) -> Envio:
    return replying.write(row.pk, text=text, by=by, key=key, seen=seen or seen_of(row), now=NOW)


def test_a_reply_is_an_envio_of_no_campaign_that_waits_for_its_line(row: Conversation, author: User) -> None:
    reply = write(row, author, "  Sale $ 10.000\n")

    assert (reply.session, reply.phone, reply.text) == (row.session, row.phone, "Sale $ 10.000")
    assert (reply.state, reply.campaign, reply.author, reply.next_due) == (EnvioState.PENDING, None, author, NOW)
    row.refresh_from_db()
    assert (row.unread, row.state) == (0, ConversationState.WAITING)  # until it left
    assert [(one.text, one.reply) for one in thread(row)][-1] == ("Sale $ 10.000", reply)


def test_a_double_tap_and_a_repeated_request_are_one_reply(row: Conversation, author: User) -> None:
    seen = seen_of(row)
    first = write(row, author, seen=seen)
    says(row, "¿Hola?")

    assert write(row, author, seen=seen) == first
    assert Envio.objects.count() == 1
    with pytest.raises(WrongState, match="otro texto"):
        write(row, author, "Otra cosa")


def test_another_persons_key_is_another_key(row: Conversation, author: User) -> None:
    write(row, author)
    write(row, UserFactory())

    assert Envio.objects.count() == 2


def test_of_two_tabs_the_second_is_shown_what_the_first_sent(row: Conversation, author: User) -> None:
    seen = seen_of(row)
    write(row, author, key="a", seen=seen)

    with pytest.raises(Unseen, match="Ya se le contestó") as refused:
        write(row, author, key="b", seen=seen)
    assert Envio.objects.count() == 1
    write(row, author, key="b", seen=refused.value.seen)
    assert Envio.objects.count() == 2


@pytest.mark.parametrize("at", [NOW, NOW - dt.timedelta(hours=3)])
def test_what_they_wrote_since_is_shown_first_also_what_comes_out_of_order(
    row: Conversation, author: User, at: dt.datetime
) -> None:
    seen = seen_of(row)
    says(row, "Mejor dime el precio de dos", message_id="in-7", at=at)
    says(row, "Mejor dime el precio de dos", message_id="in-7", at=at)

    with pytest.raises(Unseen, match="mientras contestabas") as refused:
        write(row, author, seen=seen)
    assert not Envio.objects.exists()
    assert Conversation.objects.get().unread == 2
    write(row, author, seen=refused.value.seen)
    assert Envio.objects.count() == 1


def test_nobody_writes_to_a_hidden_number(author: User) -> None:
    row = ConversationFactory.create(phone=None, lid="123456789012345")

    with pytest.raises(Incomplete, match="no dice su número"):
        write(row, author)


@pytest.mark.parametrize(
    ("source", "sentence"), [(Suppression.Source.DOUBT, "Quizás pidió"), (Suppression.Source.REPLY, "Pidió que no")]
)
def test_who_asked_for_silence_or_perhaps_did_gets_no_answer(
    row: Conversation, author: User, source: Suppression.Source, sentence: str
) -> None:
    Suppression.objects.create(phone=row.phone or "", source=source, created_at=NOW)

    with pytest.raises(NotAllowed, match=sentence):
        write(row, author)
    assert not Envio.objects.exists()


def test_an_opt_out_takes_back_the_answer_that_waits(row: Conversation, author: User) -> None:
    reply = write(row, author)

    says(row, "no me escriban más")

    reply.refresh_from_db()
    assert reply.state == EnvioState.CANCELLED


def test_nothing_is_written_while_everything_is_off(row: Conversation, author: User) -> None:
    switch.turn(on=False, by=UserFactory(role=Role.ADMINISTRATOR), reason="Alto", now=NOW)

    with pytest.raises(WrongState, match="apagados"):
        write(row, author)


@pytest.mark.parametrize(("text", "sentence"), [("  \n", "Escribe algo"), ("x" * 4_097, "demasiado largo")])
def test_a_text_that_is_none(row: Conversation, author: User, text: str, sentence: str) -> None:
    with pytest.raises(Incomplete, match=sentence):
        write(row, author, text)


def test_a_line_answers_so_often_an_hour_whatever_its_campaigns_sent(
    row: Conversation, author: User, settings: Settings
) -> None:
    settings.REPLIES_PER_HOUR = 3
    lately = NOW - dt.timedelta(minutes=50)
    WrittenReplyFactory(session=row.session, state=EnvioState.SENT, sent_at=lately)
    WrittenReplyFactory(session=row.session, state=EnvioState.UNCERTAIN, dispatched_at=lately)
    # Neither of these: too long ago, never left, of another line, of a campaign.
    WrittenReplyFactory(session=row.session, state=EnvioState.SENT, sent_at=NOW - dt.timedelta(minutes=61))
    WrittenReplyFactory(session=row.session, state=EnvioState.ERROR)
    WrittenReplyFactory(state=EnvioState.SENT, sent_at=lately)
    EnvioFactory(campaign__session=row.session, state=EnvioState.SENT, sent_at=lately)

    write(row, author, key="a")
    with pytest.raises(Refused, match="3 veces en una hora"):
        write(row, author, "¿Sigues ahí?", key="b")


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_eight_presses_at_once_are_one_reply_and_the_last_place_is_one() -> None:
    row, by = ConversationFactory.create(), UserFactory()
    seen = seen_of(row)

    assert errors(at_once([functools.partial(write, row, by, key="same", seen=seen)] * 8)) == []
    assert Envio.objects.count() == 1
