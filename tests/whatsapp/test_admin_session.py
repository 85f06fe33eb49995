"""Sessions on the desk, against the real simulator over HTTP."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tests import company as companies
from tests.company import Company, signed_in, told
from tests.factories.ops import AlertFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator
from whatsapp import session_editing
from whatsapp.line_tests import run_waiting
from whatsapp.models import LineTest, State, WhatsAppSession

LIST = "/admin/whatsapp/whatsappsession/"
VERBS = ["connect", "disconnect", "unpause", "check", "test", "pair", "code"]


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


@pytest.fixture
def make(company: Company, simulator: Simulator) -> Callable[..., WhatsAppSession]:
    """A session of the desk's team at the simulator, as `state` there and here."""

    def session(state: State = State.READY, **fields: object) -> WhatsAppSession:
        if state == State.AWAITING_QR:
            simulator.set_tenant("51", state=State.DISCONNECTED.value)
            simulator.gateway("51").connect()
            simulator.advance(10)
        else:
            simulator.set_tenant("51", state=state.value)
        made: WhatsAppSession = WhatsAppSessionFactory(
            team=company.team, owner=company.owner, tenant_id="51", base_url=simulator.base_url, state=state, **fields
        )
        return made

    return session


def url(name: str, session: WhatsAppSession) -> str:
    return reverse(f"admin:whatsapp_whatsappsession_{name}", args=[session.pk])


def form(session: WhatsAppSession, **values: object) -> dict[str, object]:
    return {
        "name": session.name,
        "tenant_id": session.tenant_id,
        "gateway": session.gateway,
        "base_url": session.base_url,
        "team": session.team_id,
        "region": session.region,
        "time_zone": session.time_zone,
        "daily_limit": session.daily_limit,
        "lane_count": session.lane_count,
        **values,
    }


# --- The list and the form -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "sees"), [("supervisor", True), ("administrator", True), ("stranger", False)])
def test_sessions_are_seen_by_their_team(
    company: Company, make: Callable[..., WhatsAppSession], who: str, sees: bool
) -> None:
    session = make(name="Córdoba ventas")
    client = signed_in(getattr(company, who))

    assert ("Córdoba ventas" in client.get(LIST).content.decode()) is sees
    assert client.get(url("change", session)).status_code == (200 if sees else 404)


def test_a_supervisor_creates_a_session_for_their_own_team_only(company: Company) -> None:
    client = signed_in(company.supervisor)
    draft = WhatsAppSessionFactory.build(team=company.team, name="Nueva", tenant_id="77")

    refused = client.post(f"{LIST}add/", form(draft, team=company.other_team.pk))
    client.post(f"{LIST}add/", form(draft, team=company.team.pk))

    assert refused.status_code == 200
    session = WhatsAppSession.objects.get(name="Nueva")
    assert (session.team, session.state) == (company.team, State.DISCONNECTED)


@pytest.mark.parametrize("written", ["", "http://localhost:3011", "HTTP://LOCALHOST:03011/", "http://127.0.0.1:3011"])
@pytest.mark.parametrize("who", ["stranger", "administrator"])
def test_a_line_of_another_team_is_not_taken_by_another_name_of_its_gateway(
    company: Company, settings: Settings, who: str, written: str
) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://localhost:3011"
    theirs = WhatsAppSessionFactory(team=company.team, tenant_id="51", base_url="")
    draft = WhatsAppSessionFactory.build(team=company.other_team, name="Ajena", tenant_id="51", base_url=written)

    page = signed_in(getattr(company, who)).post(f"{LIST}add/", form(draft, team=company.other_team.pk))

    assert page.status_code == 200
    assert "Ya hay una sesión con este cliente_id" in page.content.decode()
    assert list(WhatsAppSession.objects.all()) == [theirs]


def test_a_supervisor_writes_neither_addresses_nor_secrets(
    company: Company, make: Callable[..., WhatsAppSession]
) -> None:
    session = make(token="clave-del-gateway", webhook_secret="secreto-de-avisos")
    client = signed_in(company.supervisor)
    forged = {"base_url": "http://ajeno.example", "token": "x", "webhook_secret": "x", "forget_token": "on"}
    page = client.get(url("change", session)).content.decode()

    client.post(url("change", session), form(session, name="Otro nombre", **forged))
    client.post(
        f"{LIST}add/", form(WhatsAppSessionFactory.build(tenant_id="77", team=company.team), name="Nueva", **forged)
    )

    before = (session.base_url, session.token, session.webhook_secret)
    session.refresh_from_db()
    assert session.name == "Otro nombre"
    assert (session.base_url, session.token, session.webhook_secret) == before
    made = WhatsAppSession.objects.get(name="Nueva")
    assert (made.base_url, made.token, made.webhook_secret) == ("", "", "")
    assert not re.search(r'name="(base_url|token|webhook_secret|forget_token)"', page)
    assert session.base_url in page


def test_what_a_line_is_does_not_change_in_the_form(company: Company, make: Callable[..., WhatsAppSession]) -> None:
    session = make()
    forged = {"tenant_id": "otra", "gateway": "otro", "team": company.other_team.pk, "name": "Con otro nombre"}

    signed_in(company.administrator).post(url("change", session), form(session, **forged))

    session.refresh_from_db()
    assert (session.tenant_id, session.team, session.name) == ("51", company.team, "Con otro nombre")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("base_url", "http://169.254.169.254/latest", "de la propia nube"),
        ("base_url", "http://user:pw@gw.example", "no lleva usuario ni contraseña"),
        ("base_url", "ftp://gw.example", "empieza con http"),
        ("tenant_id", "cliente 7", "sin espacios"),
        ("tenant_id", " 7", "sin espacios"),
        ("daily_limit", 0, "daily_limit"),
        ("daily_limit", 100_001, "daily_limit"),
        ("lane_count", 1_001, "lane_count"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field(company: Company, field: str, value: object, told: str) -> None:
    draft = WhatsAppSessionFactory.build(tenant_id="7", team=company.team)

    page = signed_in(company.administrator).post(f"{LIST}add/", form(draft, **{"team": company.team.pk, field: value}))

    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert told in page.content.decode()
    assert not WhatsAppSession.objects.exists()


def test_a_changed_address_takes_the_stored_secrets_with_it(
    company: Company, make: Callable[..., WhatsAppSession]
) -> None:
    session = make(token="clave-del-gateway", webhook_secret="secreto-de-avisos")
    client = signed_in(company.administrator)

    client.post(url("change", session), form(session, base_url=f"{session.base_url.upper()}/"))
    session.refresh_from_db()
    assert (session.token, session.webhook_secret) == ("clave-del-gateway", "secreto-de-avisos")

    client.post(url("change", session), form(session, base_url="http://gw.example", token="del-nuevo"))
    session.refresh_from_db()
    assert (session.base_url, session.token, session.webhook_secret) == ("http://gw.example", "del-nuevo", "")


def test_saving_the_form_leaves_alone_what_the_sender_wrote_meanwhile(
    company: Company, make: Callable[..., WhatsAppSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make()
    checked = session_editing.checked

    def slow(*args: Any, **kwargs: Any) -> dict[str, Any]:
        WhatsAppSession.objects.update(paused_at=timezone.now(), trouble="401", region="MX")
        return checked(*args, **kwargs)

    monkeypatch.setattr(session_editing, "checked", slow)

    signed_in(company.administrator).post(url("change", session), form(session, name="Otro nombre"))

    session.refresh_from_db()
    assert session.paused_at is not None
    assert (session.name, session.trouble, session.region) == ("Otro nombre", "401", "MX")


def test_secrets_go_in_and_never_come_out(company: Company, make: Callable[..., WhatsAppSession]) -> None:
    session = make(token="clave-del-gateway", webhook_secret="secreto-de-avisos")
    client = signed_in(company.administrator)

    page = client.get(url("change", session)).content.decode()
    assert "clave-del-gateway" not in page
    assert "secreto-de-avisos" not in page

    refused = client.post(url("change", session), form(session, token="otra-clave", daily_limit=-1))
    assert "otra-clave" not in refused.content.decode()


def test_an_empty_secret_keeps_what_is_stored_and_a_box_takes_it_away(
    company: Company, make: Callable[..., WhatsAppSession]
) -> None:
    session = make(token="clave-del-gateway", webhook_secret="secreto-de-avisos")
    client = signed_in(company.administrator)

    client.post(url("change", session), form(session, name="Otro nombre"))
    session.refresh_from_db()
    assert (session.name, session.token, session.webhook_secret) == (
        "Otro nombre",
        "clave-del-gateway",
        "secreto-de-avisos",
    )

    client.post(url("change", session), form(session, forget_token="on", webhook_secret="secreto-nuevo"))
    session.refresh_from_db()
    assert (session.token, session.webhook_secret) == ("", "secreto-nuevo")


def test_the_form_does_not_write_the_state(company: Company, make: Callable[..., WhatsAppSession]) -> None:
    session = make(State.DISCONNECTED)

    signed_in(company.supervisor).post(url("change", session), form(session, state="READY", paused_at="2026-01-01"))

    session.refresh_from_db()
    assert (session.state, session.paused_at) == (State.DISCONNECTED, None)


def test_the_risk_of_a_ban_is_said_where_sessions_are_made(company: Company) -> None:
    page = signed_in(company.supervisor).get(f"{LIST}add/").content.decode()

    assert "pueden hacer que WhatsApp bloquee el número" in page


# --- What is asked of the gateway ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["connect", "disconnect", "unpause", "check"])
def test_get_asks_nothing_of_the_gateway(company: Company, make: Callable[..., WhatsAppSession], verb: str) -> None:
    session = make(State.DISCONNECTED, paused_at=timezone.now(), trouble="Desvinculada desde el teléfono")
    before = WhatsAppSession.objects.values().get(pk=session.pk)

    signed_in(company.supervisor).get(url(verb, session))

    assert WhatsAppSession.objects.values().get(pk=session.pk) == before


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_else_asks(company: Company, make: Callable[..., WhatsAppSession], verb: str) -> None:
    session = make(State.DISCONNECTED)
    before = WhatsAppSession.objects.values().get(pk=session.pk)

    assert signed_in(company.stranger).post(url(verb, session)).status_code == 404
    assert signed_in(company.owner).post(url(verb, session)).status_code == 302
    assert Client().post(url(verb, session)).status_code == 302
    assert WhatsAppSession.objects.values().get(pk=session.pk) == before


def test_connecting_opens_it_at_the_gateway_and_goes_on_to_the_code(
    company: Company, make: Callable[..., WhatsAppSession]
) -> None:
    session = make(State.DISCONNECTED)

    response = signed_in(company.supervisor).post(url("connect", session))

    assert response.headers["Location"] == url("pair", session)
    session.refresh_from_db()
    assert session.state in {State.CONNECTING, State.AWAITING_QR, State.READY}


def test_disconnecting_closes_it_at_the_gateway(
    company: Company, make: Callable[..., WhatsAppSession], simulator: Simulator
) -> None:
    session = make()

    signed_in(company.supervisor).post(url("disconnect", session))

    session.refresh_from_db()
    assert session.state == State.DISCONNECTED
    assert simulator.gateway("51").status().state == State.DISCONNECTED.value


def test_a_gateway_that_is_not_there_is_told_in_words(company: Company) -> None:
    session = WhatsAppSessionFactory(team=company.team, base_url="http://127.0.0.1:9", state=State.DISCONNECTED)

    response = signed_in(company.supervisor).post(url("connect", session))

    [sentence] = told(response)
    assert sentence
    session.refresh_from_db()
    assert session.state == State.DISCONNECTED


def test_checking_writes_down_what_the_gateway_says(
    company: Company, make: Callable[..., WhatsAppSession], simulator: Simulator
) -> None:
    session = make()
    simulator.set_tenant("51", state="DISCONNECTED")

    response = signed_in(company.supervisor).post(url("check", session))

    session.refresh_from_db()
    assert session.state == State.DISCONNECTED
    assert len(told(response)) == 1


def test_lifting_a_pause_closes_its_alert_with_an_author(
    company: Company, make: Callable[..., WhatsAppSession]
) -> None:
    session = make(State.DISCONNECTED, paused_at=timezone.now(), trouble="Desvinculada desde el teléfono")
    alert = AlertFactory(key=f"session:{session.pk}")

    shown = signed_in(company.supervisor).get(url("unpause", session)).content.decode()
    signed_in(company.supervisor).post(url("unpause", session))

    assert "Desvinculada desde el teléfono" in shown
    session.refresh_from_db()
    assert session.paused_at is None
    alert.refresh_from_db()
    assert alert.resolved_by == company.supervisor


def test_no_call_to_the_gateway_is_made_inside_a_transaction(
    company: Company, make: Callable[..., WhatsAppSession], transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make(State.DISCONNECTED)
    inside: list[bool] = []
    from whatsapp.gateways import session_manager

    ask = session_manager.SessionManagerGateway.connect

    def watched(gateway: session_manager.SessionManagerGateway) -> None:
        inside.append(connection.in_atomic_block)
        ask(gateway)

    monkeypatch.setattr(session_manager.SessionManagerGateway, "connect", watched)
    signed_in(company.supervisor).post(url("connect", session))

    assert inside == [False]


# --- Pairing ---------------------------------------------------------------------------------------------------------


def test_the_pairing_page_does_not_wait_for_the_gateway(company: Company, make: Callable[..., WhatsAppSession]) -> None:
    session = make(State.AWAITING_QR)
    WhatsAppSession.objects.filter(pk=session.pk).update(base_url="http://127.0.0.1:9")

    page = signed_in(company.supervisor).get(url("pair", session))

    assert page.status_code == 200
    assert 'hx-trigger="load, wake"' in page.content.decode()


def test_the_code_is_drawn_with_the_time_it_lasts_and_asks_for_the_next(
    company: Company, make: Callable[..., WhatsAppSession]
) -> None:
    session = make(State.AWAITING_QR)

    part = signed_in(company.supervisor).get(url("code", session)).content.decode()

    assert "<svg" in part
    assert "data-until=" in part
    assert 'hx-trigger="every 2s, wake"' in part


def test_once_scanned_it_says_so_and_asks_no_more(
    company: Company, make: Callable[..., WhatsAppSession], simulator: Simulator
) -> None:
    session = make(State.AWAITING_QR)
    client = signed_in(company.supervisor)
    client.get(url("code", session))
    simulator.scan("51")
    simulator.advance(30)

    part = client.get(url("code", session)).content.decode()

    session.refresh_from_db()
    assert session.state == State.READY
    assert "¡Teléfono vinculado!" in part
    assert "hx-trigger" not in part


def test_without_a_code_it_offers_to_connect_again(company: Company, make: Callable[..., WhatsAppSession]) -> None:
    session = make(State.DISCONNECTED)

    part = signed_in(company.supervisor).get(url("code", session)).content.decode()

    assert "Conectar de nuevo" in part
    assert "<svg" not in part


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": State.READY}, "Todo listo para enviar."),
        ({"state": State.READY, "mute_since": timezone.now()}, "Conectada, pero no envía"),
        ({"state": State.AWAITING_QR, "paired_at": timezone.now()}, "Hay que vincular el teléfono"),
        ({"state": State.AWAITING_QR}, "Falta vincular"),
        ({"state": State.DISCONNECTED, "phone": ""}, "Falta vincular"),
        (
            {"state": State.DISCONNECTED, "paused_at": timezone.now(), "trouble_code": "LOGGED_OUT"},
            "vincula el número otra vez",
        ),
        ({"state": State.CONNECTING}, "está abriendo la sesión"),
        ({"state": State.DISCONNECTED, "paired_at": timezone.now()}, "La sesión está cerrada"),
        ({"state": State.DISCONNECTED, "unreachable_since": timezone.now()}, "El gateway no responde"),
        ({"state": State.READY, "paused_at": timezone.now()}, "no se arregla esperando"),
        ({"state": State.READY, "blocked_until": timezone.now() + dt.timedelta(hours=1)}, "ir más despacio"),
        ({"state": State.READY, "cold_until": timezone.now() + dt.timedelta(hours=1)}, "contactos nuevos"),
    ],
    ids=[
        "ready",
        "mute",
        "qr",
        "never paired, code",
        "never paired",
        "logged out",
        "connecting",
        "closed",
        "silent",
        "paused",
        "slowed",
        "cold",
    ],
)
def test_the_state_is_told_with_what_to_do(company: Company, fields: dict[str, object], sentence: str) -> None:
    session = WhatsAppSessionFactory(team=company.team, **fields)

    part = signed_in(company.supervisor).get(url("live", session)).content.decode()

    assert sentence in part


# --- A test of the line ----------------------------------------------------------------------------------------------


def test_a_test_is_asked_for_on_the_page_and_told_there_once_it_was_sent(
    company: Company, make: Callable[..., WhatsAppSession], simulator: Simulator
) -> None:
    session = make(phone="+5493510000051")
    client = signed_in(company.supervisor)

    assert "+54 9 351 000-0051" in client.get(url("test", session)).content.decode()
    assert not LineTest.objects.exists()
    response = client.post(url("test", session))

    assert told(response) == ["El mensaje de prueba sale en menos de un minuto: aquí ves qué pasó."]
    assert "Por enviar" in client.get(url("live", session)).content.decode()
    assert simulator.delivered() == []
    run_waiting(timezone.now())
    assert len(simulator.delivered()) == 1
    assert "Enviado" in client.get(url("live", session)).content.decode()


def test_a_line_that_is_not_ready_is_not_tested(company: Company, make: Callable[..., WhatsAppSession]) -> None:
    session = make(State.DISCONNECTED, phone="+5493510000051")
    client = signed_in(company.supervisor)

    assert told(client.post(url("test", session))) == ["La sesión no está lista: conéctala antes de probarla."]
    assert url("test", session) not in client.get(url("change", session)).content.decode()
