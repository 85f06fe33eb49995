"""What devices are told: whose news it is, when, and how little of it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.utils import timezone
from pytest_django import Settings

from campaigns.enums import CampaignState
from campaigns.inbound import receive
from campaigns.models import CampaignEvent
from leadmaster.accounts.models import User
from leadmaster.directory.models import ContactPoint
from leadmaster.ops import push
from leadmaster.ops.models import PushNotice, PushSubscription
from opportunities import tasks
from opportunities.models import Opportunity
from opportunities.queries.news import About, news_of
from tests.factories.campaigns import CampaignFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World, row, world
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession

__all__ = ["row", "world"]


@pytest.fixture
def line(world: World) -> WhatsAppSession:
    made: WhatsAppSession = WhatsAppSessionFactory.create(owner=world.promoter.user, team=world.promoter.desk.team)
    return made


def told(user: User) -> str:
    """Everything that leaves us for a device."""
    found = tasks.notices(user, now=timezone.now())
    return json.dumps([[str(one.title), str(one.body), one.url] for one in found], ensure_ascii=False)


def wrote(line: WhatsAppSession, row: Opportunity, text: str, *, ago: dt.timedelta = dt.timedelta(minutes=1)) -> None:
    phone, at = ContactPoint.objects.get(client=row.client_id).normalised, timezone.now() - ago
    inbound = Inbound(tenant_id=line.tenant_id, message_id=f"in-{text}", phone=phone, lid="", text=text, at=at)
    receive(inbound, session=line, now=at)


def test_a_reply_is_told_by_a_given_name_without_its_words_or_number(
    world: World, row: Opportunity, line: WhatsAppSession
) -> None:
    wrote(line, row, "Mi DNI es 30111222")

    words = told(world.promoter.user)

    assert "Te respondieron" in words
    assert row.client.full_name.split(" ")[0] in words
    for secret in ("30111222", row.client.full_name, ContactPoint.objects.get(client=row.client_id).normalised[1:]):
        assert secret not in words
    assert told(world.stranger.user) == "[]"


def test_an_old_message_and_one_that_asks_for_silence_are_no_news(
    world: World, row: Opportunity, line: WhatsAppSession
) -> None:
    wrote(line, row, "Hola", ago=dt.timedelta(hours=2))
    assert told(world.promoter.user) == "[]"

    wrote(line, row, "BAJA")
    assert told(world.promoter.user) == "[]"


def test_many_replies_are_one_notice(world: World, line: WhatsAppSession) -> None:
    for one in world.give(5):
        wrote(line, one, f"Hola {one.pk}")

    found = news_of(world.promoter.user, now=timezone.now())

    assert [str(one.body) for one in found] == ["Varias conversaciones esperan respuesta."]


def test_what_runs_out_within_half_an_hour_is_told_to_whose_it_is(world: World) -> None:
    soon, later = world.give(2)
    now = timezone.now()
    Opportunity.objects.filter(pk=soon.pk).update(deadline=now + dt.timedelta(minutes=20, seconds=30))
    Opportunity.objects.filter(pk=later.pk).update(deadline=now + dt.timedelta(minutes=45))

    found = news_of(world.promoter.user, now=now)

    assert [(one.about, one.row) for one in found] == [(About.OPPORTUNITY, soon.pk)]
    assert [one.url for one in tasks.notices(world.promoter.user, now=now)] == [f"/oportunidades/{soon.pk}/"]
    assert "te quedan 20 minutos" in str(found[0].body)
    assert news_of(world.colleague.user, now=now) == []


def test_an_approval_is_told_to_its_owner_and_a_request_to_who_decides(world: World, line: WhatsAppSession) -> None:
    now = timezone.now()
    waiting = CampaignFactory.create(
        owner=world.promoter.user, team=world.promoter.desk.team, state=CampaignState.AWAITING_APPROVAL, name="Otoño"
    )
    assert "Una campaña espera tu aprobación" in told(world.supervisor)
    assert told(world.promoter.user) == "[]"

    states = {"from_state": CampaignState.AWAITING_APPROVAL, "to_state": CampaignState.APPROVED}
    CampaignEvent.objects.create(campaign=waiting, at=now, by=world.supervisor, **states)
    assert "Campaña aprobada" in told(world.promoter.user)
    assert told(world.colleague.user) == "[]"


def test_a_line_that_is_down_is_told_when_it_lasts(world: World, line: WhatsAppSession) -> None:
    now = timezone.now()
    assert told(world.promoter.user) == "[]"
    WhatsAppSession.objects.filter(pk=line.pk).update(unreachable_since=now - dt.timedelta(minutes=1))
    assert told(world.promoter.user) == "[]"

    WhatsAppSession.objects.filter(pk=line.pk).update(unreachable_since=now - dt.timedelta(minutes=3))
    assert "Tu línea no está enviando" in told(world.promoter.user)


def test_the_task_tells_each_thing_once_and_costs_nothing_where_it_is_off(
    world: World, row: Opportunity, line: WhatsAppSession, settings: Settings
) -> None:
    wrote(line, row, "Hola")
    settings.WEB_PUSH_KEY = ""
    assert tasks.tell_devices() == "off"

    settings.WEB_PUSH_KEY, settings.WEB_PUSH_SERVICES = "A" * 42 + "E", ["http://127.0.0.1:9"]
    PushSubscription.objects.create(
        user=world.promoter.user,
        endpoint="http://127.0.0.1:9/away",
        digest="d",
        p256dh=push.public_key(),
        auth="c2l4dGVlbiBieXRlcyBvaw",
        language="es",
        created_at=timezone.now(),
    )
    assert [tasks.tell_devices(), tasks.tell_devices()] == ["told 1", "told 0"]
    assert PushNotice.objects.get().user == world.promoter.user
