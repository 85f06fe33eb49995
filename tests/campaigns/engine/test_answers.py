"""Replies of people go out before a line's campaigns, and with the same guarantees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django.fixtures import Settings

from campaigns import decisions, receipts, switch
from campaigns.decisions import Decision
from campaigns.engine.why_not import why_not_this
from campaigns.enums import Ack, AttemptOutcome, ConversationState, EnvioState, Evidence, WhyNot
from campaigns.errors import NotAllowed, WrongState
from campaigns.models import Attempt, Conversation, Envio, Lane, ScheduleDay, SessionDay
from campaigns.models.envio import REPLY_KEEPS
from campaigns.suppressions import suppress
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import ErasedPhone, Suppression, phone_keys
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import ConversationFactory, ReplyFactory, WrittenReplyFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults.harness import World
from tests.faults.world import Behaviour
from whatsapp.gateways.base import Capability, GatewayError, Outcome, Scope, SessionState
from whatsapp.models import State, WhatsAppSession
from whatsapp.receipts import Receipt, ReceiptKind

pytestmark = pytest.mark.django_db(transaction=True)


def line(world: World, **fields: Any) -> WhatsAppSession:
    fields.setdefault("state_at", world.now - dt.timedelta(hours=1))
    fields.setdefault("capabilities", sorted(one.value for one in world.provider.capabilities))
    row: WhatsAppSession = WhatsAppSessionFactory.create(**fields)
    return row


def written(world: World, session: WhatsAppSession, **fields: Any) -> Envio:
    row: Envio = WrittenReplyFactory.create(session=session, next_due=world.now, created_at=world.now, **fields)
    return row


def states() -> dict[int, str]:
    return dict(Envio.objects.values_list("id", "state"))


def test_a_reply_leaves_at_once_and_charges_no_day() -> None:
    world = World()
    reply = written(world, line(world))

    assert world.answer_now() == {"enviado": 1}

    reply.refresh_from_db()
    assert (reply.state, reply.ack) == (EnvioState.SENT, Ack.NONE)
    assert reply.message_id == world.provider.ledger[0].message_id
    assert world.provider.ledger[0].at - reply.created_at < dt.timedelta(seconds=10)
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.session_day, attempt.schedule_day) == (AttemptOutcome.SENT, None, None)
    assert not SessionDay.objects.exists()
    assert world.findings() == []


def test_nobody_answering_costs_one_look() -> None:
    world = World()

    assert world.answer_now() == {}
    assert Lane.objects.count() == 0


def test_a_reply_goes_before_its_lines_campaign_whatever_its_pace_and_leaves_that_as_it_was() -> None:
    world = World()
    campaign = world.campaign(envios=2, delay=40)
    world.tick()  # the first leaves, and the second waits for its pause
    lane = Lane.objects.get()
    due = lane.next_due
    world.clock.time = due - dt.timedelta(seconds=30)
    reply = written(world, campaign.session)

    world.answer_now()

    reply.refresh_from_db()
    lane.refresh_from_db()
    assert reply.state == EnvioState.SENT
    assert (lane.next_due, lane.busy) == (due, False)
    world.run_minutes(2)
    assert world.findings() == []


def test_of_what_is_due_at_once_the_reply_is_first() -> None:
    world = World()
    campaign = world.campaign(envios=3, delay=1)
    reply = written(world, campaign.session)

    world.tick()

    assert world.provider.sends[0] == reply.client_message_id
    assert len(world.provider.sends) == 4
    assert world.findings() == []


def test_what_is_written_while_a_campaign_sends_goes_next() -> None:
    world = World()
    campaign = world.campaign(envios=3, delay=1)
    replies: list[Envio] = []

    def somebody_writes() -> None:
        if len(world.provider.sends) == 1 and not replies:
            replies.append(written(world, campaign.session))

    world.provider.asked = somebody_writes
    world.tick()

    # The second of the campaign was claimed already; the reply is the next.
    assert world.provider.sends.index(replies[0].client_message_id) == 2
    assert world.findings() == []


def test_caps_and_limits_of_campaigns_do_not_hold_a_reply() -> None:
    world = World()
    campaign = world.campaign(envios=2, session__daily_limit=1)
    world.tick()
    reply = written(world, campaign.session)

    world.next_minute()
    world.tick()

    assert states()[reply.pk] == EnvioState.SENT
    assert SessionDay.objects.get().used == 1
    assert sum(ScheduleDay.objects.values_list("used", flat=True)) == 1


def test_a_line_that_takes_no_first_contacts_answers() -> None:
    world = World()
    reply = written(world, line(world, cold_until=world.now + dt.timedelta(hours=3)))

    world.answer_now()

    assert states()[reply.pk] == EnvioState.SENT


STOPS: dict[str, Callable[[World, Envio, Settings], Any]] = {
    "switch": lambda world, _reply, _s: switch.turn(
        on=False, by=UserFactory(role=Role.ADMINISTRATOR), now=world.now, reason="Alto"
    ),
    "environment": lambda _world, _reply, settings: setattr(settings, "AUTO_CAMPAIGNS_ENABLED", False),
    "line": lambda _world, reply, _s: WhatsAppSession.objects.filter(pk=reply.session_id).update(
        state=State.DISCONNECTED
    ),
    "deaf": lambda world, reply, _s: WhatsAppSession.objects.filter(pk=reply.session_id).update(deaf_since=world.now),
    "doubt": lambda world, reply, _s: Suppression.objects.create(
        phone=reply.phone, source=Suppression.Source.DOUBT, created_at=world.now
    ),
    "opt-out": lambda world, reply, _s: suppress(reply.phone, source=Suppression.Source.REPLY, now=world.now),
    "erased": lambda world, reply, _s: ErasedPhone.objects.create(
        digest=phone_keys(reply.phone)[0], erased_at=world.now
    ),
    "author": lambda _world, reply, _s: User.objects.filter(pk=reply.author_id or 0).update(is_active=False),
}
ENDS = {"opt-out": Evidence.OPT_OUT, "erased": Evidence.OPT_OUT, "author": Evidence.AUTHOR}


@pytest.mark.parametrize("stop", STOPS)
def test_what_changes_in_the_same_second_stops_the_reply(stop: str, settings: Settings) -> None:
    """After the claim, before the socket: while the gateway is asked how the line is."""
    world = World()
    reply = written(world, line(world))
    done: list[bool] = []

    def asked() -> None:
        if not done:
            done.append(True)
            STOPS[stop](world, reply, settings)
        elif len(done) > 20:
            raise AssertionError("the same reply is claimed over and over")
        else:
            done.append(True)

    world.provider.asked = asked
    world.answer_now()

    assert world.provider.ledger == []
    assert states()[reply.pk] == (EnvioState.CANCELLED if stop in ENDS else EnvioState.PENDING)
    if stop in ENDS:
        assert reply.events.get().evidence == ENDS[stop]
    assert (Attempt.objects.get().outcome, Attempt.objects.get().counted) == (AttemptOutcome.WITHDRAWN, False)
    assert world.findings() == []


@pytest.mark.parametrize("stop", STOPS)
def test_what_changed_before_stops_it_too(stop: str, settings: Settings) -> None:
    world = World()
    reply = written(world, line(world))
    STOPS[stop](world, reply, settings)

    world.answer_now()

    assert world.provider.ledger == []
    assert states()[reply.pk] == (EnvioState.CANCELLED if stop in ENDS else EnvioState.PENDING)


def test_a_reply_that_waited_an_hour_for_its_line_is_told_and_not_sent() -> None:
    world = World()
    session = line(world, state=State.DISCONNECTED)
    reply = written(world, session)
    world.provider.state[session.tenant_id] = SessionState.DISCONNECTED
    assert why_not_this(reply, world.now).reason == WhyNot.SESSION
    world.clock.time += REPLY_KEEPS
    world.run_minutes(1)
    world.provider.state.clear()
    world.run_minutes(3)

    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (EnvioState.CANCELLED, "TOO_LATE")
    assert "una hora" in reply.error_text
    assert world.provider.ledger == []
    assert reply.events.get().evidence == Evidence.TOO_LATE


def test_a_doubt_is_settled_by_asking_with_our_own_id() -> None:
    world = World(capabilities=[Capability.LOOKUP])
    reply = written(world, line(world))
    lost = GatewayError("", outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE, code="RESET")
    world.provider.behave = lambda _message: Behaviour(error=lost)
    ConversationFactory(session=reply.session, phone=reply.phone, unread=0, waiting_since=world.now)

    world.answer_now()
    assert states()[reply.pk] == EnvioState.UNCERTAIN
    assert Conversation.objects.get().state == ConversationState.WAITING
    world.run_minutes(2)

    assert states()[reply.pk] == EnvioState.SENT
    assert Conversation.objects.get().state == ConversationState.HANDLED
    assert len(world.provider.ledger) == 1
    assert world.findings() == []


def test_acknowledgements_find_a_reply_by_our_own_id_and_a_late_refusal_ends_it() -> None:
    world = World()
    reply = written(world, line(world))
    world.answer_now()
    reply.refresh_from_db()

    def told(kind: ReceiptKind) -> None:
        receipts.apply(
            Receipt(
                kind=kind,
                message_id=reply.message_id or "",
                client_message_id=reply.client_message_id,
                at=world.now,
                error_code="463" if kind is ReceiptKind.FAILED else "",
                error_text="",
            ),
            session=reply.session,
            now=world.now,
        )

    told(ReceiptKind.SERVER)
    reply.refresh_from_db()
    assert (reply.state, reply.ack) == (EnvioState.SENT, Ack.SERVER)
    told(ReceiptKind.FAILED)
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (EnvioState.ERROR, "463")


def test_its_author_and_the_lines_supervisor_decide_a_doubt_and_nobody_else() -> None:
    world = World()
    reply = written(world, line(world), state=EnvioState.UNCERTAIN, dispatched_at=world.now)
    boss = UserFactory(role=Role.SUPERVISOR)
    boss.supervised_teams.add(reply.session.team)
    for stranger in (UserFactory(), UserFactory(role=Role.SUPERVISOR)):
        with pytest.raises(NotAllowed):
            decisions.decide(reply, Decision.ARRIVED, by=stranger, reason="Lo vi", now=world.now)
    assert reply.author is not None

    decisions.decide(reply, Decision.RESEND, by=reply.author, reason="No está en el teléfono", now=world.now)
    world.answer_now()

    assert states()[reply.pk] == EnvioState.SENT
    other = written(world, reply.session, state=EnvioState.UNCERTAIN, dispatched_at=world.now)
    decisions.decide(other, Decision.GIVE_UP, by=boss, reason="No llegó", now=world.now)
    assert states()[other.pk] == EnvioState.ERROR


def test_what_is_older_than_an_hour_is_written_anew_and_not_sent_again() -> None:
    world = World()
    reply = written(world, line(world), state=EnvioState.UNCERTAIN, dispatched_at=world.now)
    assert reply.author is not None

    with pytest.raises(WrongState, match="vuelve a escribirla"):
        decisions.decide(reply, Decision.RESEND, by=reply.author, reason="No está", now=world.now + REPLY_KEEPS)


def test_the_database_refuses_a_reply_that_claims_without_proof_or_belongs_to_nobody() -> None:
    world = World()
    reply = written(world, line(world))

    for lie in ({"state": EnvioState.SENT}, {"author": None}, {"written_key": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Envio.objects.filter(pk=reply.pk).update(**lie)
    with pytest.raises(IntegrityError), transaction.atomic():
        written(world, reply.session, author=reply.author, written_key=reply.written_key)


def test_a_gateway_in_trouble_is_asked_again_later_and_not_at_once() -> None:
    world = World()
    reply = written(world, line(world))
    world.provider.status_error = GatewayError("", outcome=Outcome.NOT_SENT, scope=Scope.SESSION, code="DOWN")

    assert world.answer_now() == {"pendiente": 1}
    assert world.answer_now() == {}
    world.provider.status_error = None
    world.run_minutes(3)

    assert states()[reply.pk] == EnvioState.SENT
    assert world.findings() == []


def test_words_that_came_after_it_was_written_keep_waiting_also_when_somebody_opened_them() -> None:
    world = World()
    session = line(world)
    row = ConversationFactory(session=session, waiting_since=world.now, last_at=world.now, unread=0)
    reply = written(world, session, phone=row.phone)
    ReplyFactory(session=session, phone=row.phone, at=world.now + dt.timedelta(seconds=1), text="¿Y en cuotas?")

    world.answer_now()

    row.refresh_from_db()
    assert states()[reply.pk] == EnvioState.SENT
    assert row.state == ConversationState.WAITING


def failed(reply: Envio, now: dt.datetime) -> None:
    receipt = Receipt(
        kind=ReceiptKind.FAILED,
        message_id=reply.message_id or "",
        client_message_id=reply.client_message_id,
        at=now,
        error_code="131026",
        error_text="",
    )
    receipts.apply(receipt, session=reply.session, now=now)


def test_whoever_was_answered_with_what_was_refused_afterwards_waits_again() -> None:
    world = World()
    session = line(world)
    row = ConversationFactory(session=session, waiting_since=world.now, last_at=world.now, unread=0)
    reply = written(world, session, phone=row.phone)
    world.answer_now()
    row.refresh_from_db()
    assert row.state == ConversationState.HANDLED

    reply.refresh_from_db()
    failed(reply, world.now)

    row.refresh_from_db()
    assert (row.state, row.waiting_since) == (ConversationState.WAITING, world.now)


def test_whoever_got_another_answer_since_does_not() -> None:
    world = World()
    session = line(world)
    row = ConversationFactory(session=session, waiting_since=world.now, last_at=world.now, unread=0)
    reply = written(world, session, phone=row.phone)
    written(world, session, phone=row.phone, author=reply.author)
    world.answer_now()

    reply.refresh_from_db()
    failed(reply, world.now)

    row.refresh_from_db()
    assert row.state == ConversationState.HANDLED


def test_who_says_that_it_arrived_has_answered() -> None:
    world = World()
    session = line(world)
    row = ConversationFactory(session=session, waiting_since=world.now, last_at=world.now, unread=0)
    reply = written(world, session, phone=row.phone, state=EnvioState.UNCERTAIN, dispatched_at=world.now)
    assert reply.author is not None

    decisions.decide(reply, Decision.ARRIVED, by=reply.author, reason="Lo vi en el teléfono", now=world.now)

    row.refresh_from_db()
    assert (row.state, row.handled_by) == (ConversationState.HANDLED, reply.author)


# --- Whose answer it is --------------------------------------------------------------------------------------------


def test_who_left_the_team_answers_no_more_and_is_told_so() -> None:
    world = World()
    session = line(world)
    boss = UserFactory.create(role=Role.SUPERVISOR)
    session.team.supervisors.add(boss)
    row = ConversationFactory(session=session, waiting_since=world.now, last_at=world.now, unread=0)
    reply = written(world, session, phone=row.phone, author=boss)
    session.team.supervisors.remove(boss)

    world.answer_now()

    reply.refresh_from_db()
    assert reply.state == EnvioState.CANCELLED
    assert "ya no atiende esta conversación" in reply.error_text
    assert [event.evidence for event in reply.events.all()] == [Evidence.AUTHOR]
    assert world.provider.ledger == []


def test_who_is_still_there_does_and_so_does_whoever_sends_it_again_for_them() -> None:
    world = World()
    session = line(world)
    boss, gone = UserFactory.create(role=Role.SUPERVISOR), UserFactory.create()
    session.team.supervisors.add(boss)
    row = ConversationFactory(session=session, waiting_since=world.now, last_at=world.now, unread=0)
    mine = written(world, session, phone=row.phone, author=boss)
    theirs = written(world, session, phone=row.phone, author=gone, settled_by=boss, settled_reason="No llegó")

    world.answer_now()
    world.answer_now()

    assert {states()[mine.pk], states()[theirs.pk]} == {EnvioState.SENT}


# --- In their order ------------------------------------------------------------------------------------------------


def test_two_answers_of_one_conversation_keep_their_order_whatever_holds_up_the_first() -> None:
    world = World()
    session = line(world, lane_count=3)
    first = written(world, session, phone="+5493515550001")
    second = written(world, session, phone="+5493515550001")
    other = written(world, session, phone="+5493515550002")
    Envio.objects.filter(pk=first.pk).update(next_due=world.now + dt.timedelta(seconds=40))

    world.answer_now()
    # The others' conversation does not wait for it.
    assert (states()[second.pk], states()[other.pk]) == (EnvioState.PENDING, EnvioState.SENT)

    world.run_minutes(2)
    sent = [one.client_message_id for one in world.provider.ledger]
    assert sent.index(first.client_message_id) < sent.index(second.client_message_id)


def test_two_lanes_do_not_take_two_answers_of_one_conversation_at_once() -> None:
    world = World()
    session = line(world, lane_count=2)
    first, second = (written(world, session, phone="+5493515550001") for _ in range(2))
    world.provider.behave = lambda message: Behaviour(
        seconds=20.0 if message.client_message_id == first.client_message_id else 1.0
    )

    world.answer_now()
    world.answer_now()

    sent = [one.client_message_id for one in world.provider.ledger]
    assert sent == [first.client_message_id, second.client_message_id]


def test_what_never_left_holds_up_nobody() -> None:
    world = World()
    session = line(world)
    written(world, session, phone="+5493515550001", state=EnvioState.ERROR)
    written(world, session, phone="+5493515550001", state=EnvioState.UNCERTAIN)
    second = written(world, session, phone="+5493515550001")

    world.answer_now()

    assert states()[second.pk] == EnvioState.SENT
