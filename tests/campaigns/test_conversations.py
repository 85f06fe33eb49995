"""What was said to and by a person: who reads it, in which words, at what cost."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from campaigns.conversations import conversation
from campaigns.enums import Ack, EnvioState
from campaigns.inbound import receive
from campaigns.models import Reply
from leadmaster.directory.models import Suppression
from tests import company as companies
from tests.company import Company
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
PHONE = "+5493515550001"


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


@pytest.fixture
def line(company: Company) -> WhatsAppSession:
    row: WhatsAppSession = WhatsAppSessionFactory.create(owner=company.colleague, team=company.team, region="AR")
    return row


def hears(
    line: WhatsAppSession, text: str, *, phone: str = PHONE, message_id: str = "in-1", at: dt.datetime = NOW
) -> bool:
    inbound = Inbound(tenant_id=line.tenant_id, message_id=message_id, phone=phone, lid="", text=text, at=at)
    return receive(inbound, session=line, now=NOW).asked


def sent(company: Company, minutes: int, **fields: object) -> None:
    campaign = CampaignFactory.create(owner=company.owner, team=company.team, name="Promo")
    at = NOW + dt.timedelta(minutes=minutes)
    EnvioFactory.create(campaign=campaign, phone=PHONE, **{"state": EnvioState.SENT, "sent_at": at, **fields})


# --- Replies --------------------------------------------------------------------------------------------------------------


def test_a_reply_is_kept_once(line: WhatsAppSession) -> None:
    assert hears(line, "Sí, me interesa") is False
    hears(line, "Sí, me interesa")

    reply = Reply.objects.get()
    assert (reply.phone, reply.text, reply.at, reply.session) == (PHONE, "Sí, me interesa", NOW, line)


def test_an_opt_out_is_kept_and_obeyed(line: WhatsAppSession) -> None:
    assert hears(line, "BAJA")

    assert Reply.objects.get().text == "BAJA"
    assert Suppression.objects.filter(phone=PHONE).exists()


def test_a_reply_is_found_under_the_number_of_the_directory_and_never_in_the_future(line: WhatsAppSession) -> None:
    line.region = "MX"
    hears(line, "Hola", phone="+5213312345678", at=NOW + dt.timedelta(hours=1))

    assert Reply.objects.get().phone == "+523312345678"
    assert Reply.objects.get().at == NOW


# --- Conversations ----------------------------------------------------------------------------------------------------------


def test_both_sides_the_newest_first_with_how_far_each_got(company: Company, line: WhatsAppSession) -> None:
    sent(company, -30, ack=Ack.READ, text="Hola Ana")
    sent(company, -20, ack=Ack.DELIVERED, text="¿Pudiste verlo?")
    hears(line, "Sí, gracias", at=NOW - dt.timedelta(minutes=10))

    said = conversation([PHONE], viewer=company.owner, team_ids=[company.team.pk])

    assert [(one.ours, one.text, one.standing, one.tone) for one in said] == [
        (False, "Sí, gracias", "", "info"),
        (True, "¿Pudiste verlo?", "Entregado", "neutral"),
        (True, "Hola Ana", "Leído", "good"),
    ]


def test_what_went_wrong_says_so_and_what_has_not_gone_is_not_told(company: Company) -> None:
    sent(company, 0, state=EnvioState.ERROR, sent_at=None, ended_at=NOW, error_text="El número no tiene WhatsApp.")
    sent(company, 0, state=EnvioState.UNCERTAIN, sent_at=None, dispatched_at=NOW)
    sent(company, 0, state=EnvioState.PENDING, sent_at=None)
    sent(company, 0, state=EnvioState.CANCELLED, sent_at=None)

    said = conversation([PHONE], viewer=company.owner)

    assert {(one.standing, one.tone) for one in said} == {
        ("Error: El número no tiene WhatsApp.", "bad"),
        ("Incierto", "warn"),
    }


def test_messages_are_for_who_sees_the_campaign_and_replies_for_the_team(
    company: Company, line: WhatsAppSession
) -> None:
    sent(company, -1)
    hears(line, "Sí")

    def sees(who: str, *teams: int) -> set[bool]:
        return {one.ours for one in conversation([PHONE], viewer=getattr(company, who), team_ids=teams)}

    assert sees("owner", company.team.pk) == {True, False}
    assert sees("owner") == {True}
    assert sees("colleague") == {False}
    assert sees("supervisor") == {True, False}
    assert sees("administrator") == sees("administrator", company.other_team.pk) == {True, False}
    assert sees("stranger", company.other_team.pk) == set()


def test_a_long_conversation_costs_three_queries_and_ends(
    company: Company, line: WhatsAppSession, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        hears(line, "Hola", message_id=f"in-{number}")
        sent(company, -number)

    with django_assert_num_queries(3):
        assert len(conversation([PHONE, "+5493515550002"], viewer=company.owner, team_ids=[company.team.pk])) == 20
    with django_assert_num_queries(0):
        assert conversation([], viewer=company.owner) == []
