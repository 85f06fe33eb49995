"""A line that is connected, sends, and is heard no more: held, told, tried, and back at the first acknowledgement."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from campaigns.engine.why_not import why_not
from campaigns.enums import Ack, EnvioState, WhyNot
from campaigns.models import Campaign, Envio
from leadmaster.ops.models import Alert
from tests import company as companies
from tests.campaigns.brakes.test_canary import acknowledge
from tests.company import Company, let_into_the_admin, signed_in
from tests.factories.campaigns import running_campaign
from tests.faults.harness import World
from whatsapp import line_tests, sessions
from whatsapp.gateways.base import Capability
from whatsapp.models import LineTest, SessionEvent, State, WhatsAppSession
from whatsapp.standing import Standing, standing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return World(capabilities=[Capability.CALLBACKS])


def sending(world: World, *, envios: int = 30, heard: bool = True, **fields: Any) -> Campaign:
    """A campaign that sends every half minute, on a line that was heard an hour ago."""
    fields = {"session__webhook_secret": "secreto", "session__phone": "+5493510000001", **fields}
    heard_at = world.now - dt.timedelta(hours=1) if heard else None
    return world.campaign(envios=envios, delay=30, session__heard_at=heard_at, **fields)


def the_line() -> WhatsAppSession:
    return WhatsAppSession.objects.get()


def test_five_in_a_row_without_an_acknowledgement_hold_the_line(world: World) -> None:
    campaign = sending(world)

    world.run_minutes(10)

    line = the_line()
    assert standing(line, world.now) is Standing.DEAF
    assert not line.is_ready(world.now)
    assert Envio.objects.filter(state=EnvioState.SENT).count() == 5
    assert why_not(campaign, world.now).reason == WhyNot.HALF_DEAF
    assert SessionEvent.objects.get().kind == SessionEvent.Kind.DEAF_HELD
    assert Alert.objects.get().open_key == f"session:{line.pk}"
    test = LineTest.objects.get()
    assert (test.by, test.state, test.open_for) == (None, LineTest.State.WAITING, line)


def test_an_acknowledgement_brings_it_back(world: World) -> None:
    sending(world)
    world.run_minutes(10)
    line = the_line()

    sessions.record_acknowledged(line, world.now)
    world.run_minutes(1)

    assert standing(the_line(), world.now) is Standing.READY
    assert Envio.objects.filter(state=EnvioState.SENT).count() > 5
    assert SessionEvent.objects.first().kind == SessionEvent.Kind.DEAF_HEARD  # type: ignore[union-attr]
    assert Alert.objects.get().open_key is None


def test_a_line_that_is_acknowledged_goes_on(world: World) -> None:
    sending(world, envios=20)

    for _ in range(10):
        world.run_minutes(1)
        acknowledge(world, *Envio.objects.filter(state=EnvioState.SENT, ack=Ack.NONE))
        sessions.record_heard(the_line(), world.now)

    assert Envio.objects.filter(state=EnvioState.SENT).count() == 20
    assert not SessionEvent.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"heard": False},
        {"session__webhook_secret": ""},
        {"session__capabilities": []},
        {"session__deaf_after": 0},
        {"session__deaf_after": 40},
    ],
)
def test_a_line_that_never_told_any_or_may_be_silent_goes_on(world: World, fields: dict[str, Any]) -> None:
    sending(world, envios=12, **fields)

    world.run_minutes(8)

    assert Envio.objects.filter(state=EnvioState.SENT).count() == 12
    assert not SessionEvent.objects.exists()


def test_whatever_it_tells_breaks_the_silence(world: World) -> None:
    """Somebody wrote to it: it is no dead line, whatever becomes of its acknowledgements."""
    sending(world, envios=12)

    for _ in range(8):
        world.run_minutes(1)
        sessions.record_heard(the_line(), world.now)

    assert Envio.objects.filter(state=EnvioState.SENT).count() == 12


def test_who_is_let_go_is_held_again_only_after_as_many_more(world: World) -> None:
    sending(world)
    world.run_minutes(10)
    boss = companies.build().supervisor

    sessions.lift_deaf(the_line(), by=boss, reason="Veo salir los mensajes", now=world.now)
    world.run_minutes(1)
    assert standing(the_line(), world.now) is Standing.READY
    world.run_minutes(6)

    assert standing(the_line(), world.now) is Standing.DEAF
    assert Envio.objects.filter(state=EnvioState.SENT).count() == 10
    lifted = SessionEvent.objects.get(kind=SessionEvent.Kind.DEAF_LIFTED)
    assert (lifted.by, lifted.reason) == (boss, "Veo salir los mensajes")


def test_it_writes_to_itself_every_half_hour_and_not_twice_at_once(world: World) -> None:
    sending(world)
    world.run_minutes(10)

    assert line_tests.ask_silent_lines(world.now) == 0
    LineTest.objects.update(state=LineTest.State.FAILED, open_for=None, ended_at=world.now)
    assert line_tests.ask_silent_lines(world.now) == 0
    assert line_tests.ask_silent_lines(world.now + dt.timedelta(minutes=31)) == 1


def test_what_it_tells_is_written_once_a_minute() -> None:
    line = running_campaign().session
    now = timezone.now()

    sessions.record_heard(line, now)
    line.refresh_from_db()
    sessions.record_heard(line, now + dt.timedelta(seconds=59))
    line.refresh_from_db()
    assert line.heard_at == now
    sessions.record_heard(line, now + dt.timedelta(seconds=60))
    line.refresh_from_db()
    assert line.heard_at == now + dt.timedelta(seconds=60)


# --- Doors -------------------------------------------------------------------------------------------------------


@pytest.fixture
def company() -> Company:
    return companies.build()


@pytest.fixture
def held(company: Company) -> WhatsAppSession:
    session = running_campaign(owner=company.owner, team=company.team, session__owner=company.owner).session
    WhatsAppSession.objects.filter(pk=session.pk).update(deaf_since=timezone.now(), state=State.READY)
    return session


def at(session: WhatsAppSession) -> str:
    return f"/admin/whatsapp/whatsappsession/{session.pk}"


def is_held(session: WhatsAppSession) -> bool:
    session.refresh_from_db()
    return session.deaf_since is not None


def test_a_supervisor_lets_go_in_the_admin_with_a_reason(company: Company, held: WhatsAppSession) -> None:
    boss = signed_in(company.supervisor)
    page = boss.get(f"{at(held)}/change/").content.decode()
    assert "no confirma lo que envía" in page
    assert f"{at(held)}/lift-deaf/" in page

    boss.get(f"{at(held)}/lift-deaf/")
    boss.post(f"{at(held)}/lift-deaf/", {"reason": ""})
    assert is_held(held)
    boss.post(f"{at(held)}/lift-deaf/", {"reason": "Lo vi en el teléfono"})

    assert not is_held(held)
    answer = boss.post(f"{at(held)}/lift-deaf/", {"reason": "Otra vez"}, follow=True)
    assert "no hay nada que soltar" in answer.content.decode()


@pytest.mark.parametrize("who", ["owner", "colleague", "stranger"])
def test_nobody_else_lets_go(company: Company, held: WhatsAppSession, who: str) -> None:
    person = getattr(company, who)
    let_into_the_admin(person)

    signed_in(person).post(f"{at(held)}/lift-deaf/", {"reason": "Porque sí"})
    api = f"/api/v1/sessions/{held.pk}/lift-deaf/"
    answer = signed_in(person).post(api, {"reason": "Porque sí"}, content_type="application/json")

    assert answer.status_code in {403, 404}
    assert is_held(held)


def test_the_api_says_it_and_lets_go(company: Company, held: WhatsAppSession) -> None:
    boss, api = signed_in(company.supervisor), f"/api/v1/sessions/{held.pk}/"
    seen = boss.get(api).json()
    assert (seen["standing"], seen["ready"]) == ("deaf", False)

    answer = boss.post(f"{api}lift-deaf/", {"reason": "Lo vi en el teléfono"}, content_type="application/json")

    assert (answer.status_code, answer.json()["standing"]) == (200, "ready")
