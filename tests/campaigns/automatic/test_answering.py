"""What a line answers by itself: when, once, to whom never, and as which row."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from campaigns import replying, switch
from campaigns.automatic.machines import sounds_like_one
from campaigns.engine.why_not import why_not_this
from campaigns.enums import AutomaticKind, ConversationState, EnvioState, HeldBack, WhyNot
from campaigns.models import AutomaticAnswer, AutomaticRule, Conversation, Envio
from campaigns.opt_ins import lift
from campaigns.reactions import hear
from campaigns.replying import seen_of
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Suppression
from tests.factories.accounts import UserFactory
from tests.factories.calendars import OperatingCalendarFactory
from tests.factories.campaigns import AutomaticRuleFactory, EnvioFactory, WrittenReplyFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults.harness import World
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession

NOW = dt.datetime(2026, 3, 2, 15, 0, tzinfo=dt.UTC)  # a Monday
PHONE = "+5493515550001"
pytestmark = pytest.mark.django_db

Writes = Callable[..., Envio | None]


@pytest.fixture
def line(db: None) -> WhatsAppSession:
    made: WhatsAppSession = WhatsAppSessionFactory.create()
    return made


@pytest.fixture
def they_write(line: WhatsAppSession) -> Writes:
    return lambda text="Hola", **said: writes(line, text, **said)


def writes(
    line: WhatsAppSession,
    text: str,
    *,
    at: dt.datetime = NOW,
    now: dt.datetime | None = None,
    phone: str = PHONE,
    lid: str = "",
    message_id: str = "",
) -> Envio | None:
    said = Inbound(
        tenant_id=line.tenant_id,
        message_id=message_id or uuid.uuid4().hex,
        phone=phone,
        lid=lid,
        text=text,
        at=at,
    )
    return hear(said, session=line, now=now or at)


def rule(line: WhatsAppSession, kind: AutomaticKind = AutomaticKind.FIRST_ANSWER, **fields: Any) -> AutomaticRule:
    made: AutomaticRule = AutomaticRuleFactory.create(team=line.team, kind=kind, **fields)
    return made


# --- What it is ----------------------------------------------------------------------------------------------------


def test_the_first_time_they_write_they_are_answered_as_by_a_reply_told_apart(
    line: WhatsAppSession, they_write: Writes
) -> None:
    of_team = rule(line, text="Gracias, ya te contestamos.")

    answer = they_write("Hola")

    assert answer is not None
    assert (answer.session, answer.phone, answer.text) == (line, PHONE, "Gracias, ya te contestamos.")
    assert (answer.campaign, answer.author, answer.automatic) == (None, None, AutomaticKind.FIRST_ANSWER)
    assert (answer.state, answer.next_due, answer.title) == (EnvioState.PENDING, NOW, "Respuesta automática")
    noted = AutomaticAnswer.objects.get()
    assert (noted.rule, noted.envio, noted.session, noted.held_back) == (of_team, answer, line, "")
    # A person still waits for a person.
    assert Conversation.objects.get().state == ConversationState.WAITING


def test_without_a_rule_that_is_on_nothing_is_said(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line, enabled=False)
    AutomaticRuleFactory.create(kind=AutomaticKind.FIRST_ANSWER)  # another team's
    rule(line, session=WhatsAppSessionFactory.create(team=line.team))  # another line's

    assert they_write() is None
    assert not Envio.objects.exists()


def test_it_leaves_by_the_line_and_attends_to_nobody() -> None:
    world = World()
    session = world.campaign().session
    AutomaticRuleFactory.create(team=session.team, kind=AutomaticKind.FIRST_ANSWER, text="Ya te contestamos.")
    answer = writes(session, "Hola", at=world.now)
    assert answer is not None

    world.run_minutes(1)

    answer.refresh_from_db()
    assert answer.state == EnvioState.SENT
    assert [one.client_message_id for one in world.provider.ledger] == [answer.client_message_id]
    assert Conversation.objects.get().state == ConversationState.WAITING


# --- Which rule ----------------------------------------------------------------------------------------------------


def test_a_word_is_found_whatever_its_case_and_accents_and_no_part_of_one(
    line: WhatsAppSession, they_write: Writes
) -> None:
    rule(line, AutomaticKind.KEYWORD, keywords="Dirección\nhorario de atención")

    assert they_write("¿Las direcciones?", phone="+5493515550002") is None
    assert they_write("¿cual es la DIRECCION?") is not None
    assert they_write("Horario de  atención, por favor", phone="+5493515550003") is not None


def test_a_word_comes_before_the_hours_and_the_lines_rule_before_the_teams(
    line: WhatsAppSession, they_write: Writes
) -> None:
    rule(line, text="del equipo")
    rule(line, text="de la línea", session=line)
    rule(line, AutomaticKind.KEYWORD, keywords="precio", text="lista de precios")

    [first, second] = [they_write("Hola"), they_write("El precio?", phone="+5493515550002")]

    assert [answer.text for answer in (first, second) if answer] == ["de la línea", "lista de precios"]


def test_out_of_the_teams_hours(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line, AutomaticKind.OUT_OF_HOURS)
    assert they_write() is None  # a team without hours is always there
    OperatingCalendarFactory.create(team=line.team, time_zone="UTC")  # Monday to Friday

    assert they_write("¿Están?", at=NOW) is None
    assert they_write("¿Están?", at=NOW.replace(hour=3), phone="+5493515550002") is not None
    assert they_write("¿Y hoy?", at=NOW + dt.timedelta(days=6)) is not None


# --- Once ----------------------------------------------------------------------------------------------------------


def test_once_a_day_in_a_conversation_whatever_it_would_say(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line)
    rule(line, AutomaticKind.KEYWORD, keywords="precio")

    answers = [
        they_write("Hola"),
        they_write("El precio?", at=NOW + dt.timedelta(minutes=5)),
        they_write("¿El precio?", at=NOW + dt.timedelta(days=1)),
    ]

    assert [answer is not None for answer in answers] == [True, False, True]


def test_a_callback_that_is_repeated_is_answered_once(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line)

    assert they_write("Hola", message_id="in-1") is not None
    assert they_write("Hola", message_id="in-1") is None
    assert Envio.objects.count() == 1


# --- Never ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [Suppression.Source.PERSON, Suppression.Source.DOUBT])
def test_whoever_is_excluded_or_may_have_asked_to_be(
    line: WhatsAppSession, they_write: Writes, source: Suppression.Source
) -> None:
    rule(line)
    Suppression.objects.create(phone=PHONE, source=source, created_at=NOW)

    assert they_write() is None


def test_whoever_is_being_answered_by_a_person(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line, AutomaticKind.KEYWORD, keywords="precio")
    WrittenReplyFactory.create(session=line, phone=PHONE, state=EnvioState.SENT, created_at=NOW)

    assert they_write("¿El precio?", at=NOW + dt.timedelta(minutes=5)) is None
    assert they_write("¿El precio?", at=NOW + dt.timedelta(hours=2)) is not None


def test_what_was_told_late_or_while_everything_is_off(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line)

    assert they_write(at=NOW - dt.timedelta(minutes=11), now=NOW) is None
    switch.turn(on=False, by=UserFactory.create(role=Role.ADMINISTRATOR), reason="Feriado", now=NOW)
    assert they_write(phone="+5493515550002") is None


def test_whoever_hides_their_number(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line)

    assert they_write(phone="", lid="998877") is None


@pytest.mark.parametrize(
    "text",
    [
        "Gracias por comunicarte con Ferretería Sur. Te responderemos a la brevedad.",
        "Este es un mensaje automático, no respondas a este mensaje",
        "Hola, soy un asistente virtual. Marque 1 para ventas",
        "Obrigado por entrar em contato! Nosso horário de atendimento é das 9h às 18h",
        "Thanks for contacting ACME! This is an automatic reply",
        "En este momento no podemos atenderte. Nuestro horario de atención es de 9 a 18",
        "Elegí: presioná 2 para soporte. Escriba la opción 3",
    ],
)
def test_what_sounds_like_a_machine(line: WhatsAppSession, they_write: Writes, text: str) -> None:
    rule(line)

    assert they_write(text) is None

    assert AutomaticAnswer.objects.get().held_back == HeldBack.MACHINE


@pytest.mark.parametrize(
    "text",
    ["Hola", "Gracias por escribirme", "¿Cuál es el horario de atención?", "Sí, quiero la opción 2", "No puedo responder ahora, estoy manejando",
     "¿Es un bot?", "Muchas gracias por la información"],
)  # fmt: skip
def test_what_people_say_does_not(text: str) -> None:
    assert not sounds_like_one(text)


def test_what_comes_before_anybody_can_have_read(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line)
    sent = {"session": line, "state": EnvioState.SENT, "sent_at": NOW}
    EnvioFactory.create(campaign__session=line, phone=PHONE, **sent)
    EnvioFactory.create(campaign__session=line, phone="+5493515550002", **sent)

    assert they_write("Hola", at=NOW + dt.timedelta(seconds=2)) is None
    assert they_write("Hola", at=NOW + dt.timedelta(seconds=4), phone="+5493515550002") is not None


def test_two_lines_that_answer_by_themselves_do_not_go_on(line: WhatsAppSession) -> None:
    other = WhatsAppSessionFactory.create()
    for one in (line, other):
        rule(one, AutomaticKind.KEYWORD, keywords="equipo", text="Hola, te escribe el equipo. Ya te contestamos.")
    said = "Hola, soy del equipo"
    lines, moment = itertools.cycle([line, other]), NOW

    heard = 0
    for one in itertools.islice(lines, 20):
        moment += dt.timedelta(minutes=1)
        answer = writes(one, said, at=moment)
        if answer is None:
            break
        heard, said = heard + 1, answer.text

    assert heard <= 2


def test_the_same_long_words_again(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line, AutomaticKind.KEYWORD, keywords="catálogo")
    text = "Mira nuestro catálogo en la página de siempre"
    they_write(text)

    assert they_write(text, at=NOW + dt.timedelta(days=1)) is None
    assert AutomaticAnswer.objects.filter(held_back=HeldBack.MACHINE).count() == 1


def test_half_of_the_lines_bound_stays_for_people(
    line: WhatsAppSession, they_write: Writes, settings: Settings
) -> None:
    settings.REPLIES_PER_HOUR = 4
    rule(line)

    answers = [they_write(phone=f"+549351555100{n}") for n in range(4)]

    assert [answer is not None for answer in answers] == [True, True, False, False]
    assert AutomaticAnswer.objects.filter(held_back=HeldBack.NO_ROOM).count() == 2
    by: User = UserFactory.create()
    row = Conversation.objects.first()
    assert row is not None
    replying.write(row.pk, text="Sí", by=by, key="k", seen=seen_of(row), now=NOW)


# --- Opt-outs ------------------------------------------------------------------------------------------------------


def confirms(line: WhatsAppSession) -> AutomaticRule:
    return rule(line, AutomaticKind.OPT_OUT, text="Listo, no te escribimos más.")


def test_who_asks_for_silence_is_told_once_that_they_were_heard(line: WhatsAppSession, they_write: Writes) -> None:
    confirms(line)

    answer = they_write("BAJA")

    assert answer is not None
    assert (answer.automatic, answer.state, answer.text) == (
        AutomaticKind.OPT_OUT, EnvioState.PENDING, "Listo, no te escribimos más."
    )  # fmt: skip
    assert they_write("BAJA", at=NOW + dt.timedelta(minutes=1)) is None
    assert they_write("BAJA", at=NOW + dt.timedelta(days=40)) is None
    answer.refresh_from_db()
    assert answer.state == EnvioState.PENDING  # a repeated one cancels it no more than the first did
    assert why_not_this(answer, NOW).reason != WhyNot.SUPPRESSED


def test_it_leaves_although_they_are_excluded_and_nothing_else_does() -> None:
    world = World()
    campaign = world.campaign(envios=1)
    [waiting] = campaign.envios.all()
    confirms(campaign.session)
    answer = writes(campaign.session, "BAJA", at=world.now, phone=waiting.phone)
    assert answer is not None

    world.run_minutes(2)

    answer.refresh_from_db()
    waiting.refresh_from_db()
    assert (answer.state, waiting.state) == (EnvioState.SENT, EnvioState.CANCELLED)
    assert [one.client_message_id for one in world.provider.ledger] == [answer.client_message_id]
    assert Conversation.objects.get().state == ConversationState.HANDLED


def test_without_that_rule_nobody_is_told(line: WhatsAppSession, they_write: Writes) -> None:
    rule(line)

    assert they_write("BAJA") is None


def test_a_doubt_is_not_confirmed(line: WhatsAppSession, they_write: Writes) -> None:
    confirms(line)

    assert they_write("no me escriban hoy") is None
    assert Suppression.objects.in_doubt().exists()


def test_who_came_back_and_asks_again_is_told_again(line: WhatsAppSession, they_write: Writes) -> None:
    confirms(line)
    assert they_write("BAJA") is not None
    assert they_write("ALTA", at=NOW + dt.timedelta(days=1)) is None
    # ALTA lifts nothing: a person does.
    assert they_write("BAJA", at=NOW + dt.timedelta(days=2)) is None
    boss: User = UserFactory.create(role=Role.ADMINISTRATOR)
    lift(Suppression.objects.get(), by=boss, reason="Lo pidió", now=NOW + dt.timedelta(days=3))

    assert they_write("BAJA", at=NOW + dt.timedelta(days=4)) is not None


def test_the_log_keeps_no_number(line: WhatsAppSession, they_write: Writes) -> None:
    confirms(line)
    they_write("BAJA")

    assert PHONE[1:] not in repr(list(AutomaticAnswer.objects.values_list()))
