"""Mi WhatsApp: who holds a line connects it, links its phone by one way or the other, and closes it; nobody else does."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.ops.models import IdempotentRequest
from tests import company as companies
from tests.company import Company, let_into_the_admin, signed_in
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator, simulator, start_simulator
from whatsapp import linking, sessions, warm_up
from whatsapp.gateways.base import SessionState
from whatsapp.linking import LinkingRefused
from whatsapp.models import LineTest, SessionEvent, State, WhatsAppSession

__all__ = ["simulator", "start_simulator"]

pytestmark = pytest.mark.django_db

NUMBER = "+5493515550000"
VERBS = ("conectar", "desconectar", "comprobar", "probar", "escribir")


@pytest.fixture
def company() -> Company:
    return companies.build()


@pytest.fixture
def line(company: Company, simulator: Simulator) -> WhatsAppSession:
    """One that nobody has linked yet."""
    simulator.set_tenant("51", state="DISCONNECTED", phone="")
    row: WhatsAppSession = WhatsAppSessionFactory.create(
        name="Ventas", tenant_id="51", base_url=simulator.base_url, owner=company.owner, team=company.team
    )
    return sessions.refresh(row, timezone.now())


def at(line: WhatsAppSession, part: str = "") -> str:
    return f"/mi-whatsapp/{line.pk}/" + (f"{part}/" if part else "")


def now_is(line: WhatsAppSession) -> WhatsAppSession:
    return WhatsAppSession.objects.get(pk=line.pk)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def opened(client: Client, line: WhatsAppSession, simulator: Simulator) -> None:
    client.post(at(line, "conectar"))
    simulator.advance(1)


def test_a_promoter_links_a_phone_by_scanning(company: Company, line: WhatsAppSession, simulator: Simulator) -> None:
    owner = signed_in(company.owner)
    assert "Ventas" in page(owner, "/mi-whatsapp/")
    assert "Conectar" in page(owner, at(line))

    answer = owner.post(at(line, "conectar"))
    assert answer.headers["Location"] == at(line, "vincular")
    simulator.advance(1)
    assert "Pidiendo el código" in page(owner, at(line, "vincular"))
    part = page(owner, at(line, "codigo"))
    assert "<svg" in part
    assert "data-until" in part

    # The next one comes by itself.
    simulator.advance(60)
    assert page(owner, at(line, "codigo")) != part

    simulator.scan("51", phone=NUMBER)
    part = page(owner, at(line, "codigo"))
    assert "¡Teléfono vinculado!" in part
    assert "data-live" not in part
    assert (now_is(line).state, now_is(line).phone) == (State.READY, NUMBER)
    assert SessionEvent.objects.get().by == company.owner


def test_a_promoter_links_a_phone_by_typing_a_code(
    company: Company, line: WhatsAppSession, simulator: Simulator
) -> None:
    owner = signed_in(company.owner)
    opened(owner, line, simulator)
    assert "Número del teléfono" in page(owner, at(line, "vincular"))

    refused = owner.post(at(line, "escribir"), {"phone": "12"}).content.decode()
    assert 'role="alert"' in refused
    assert "lm-typed-code" not in refused
    part = owner.post(at(line, "escribir"), {"phone": "351 555 0000"}).content.decode()
    shown = re.search(r"[1-9A-HJ-NP-TV-Z]{4}-[1-9A-HJ-NP-TV-Z]{4}", part)
    assert shown is not None
    assert "data-until" in part

    simulator.scan("51", code=shown[0].replace("-", ""))
    assert "¡Teléfono vinculado!" in page(owner, at(line, "codigo"))
    assert now_is(line).phone == NUMBER


def test_of_a_line_with_a_number_only_that_number_gets_a_code(
    company: Company, line: WhatsAppSession, simulator: Simulator
) -> None:
    WhatsAppSession.objects.update(phone=NUMBER)
    owner = signed_in(company.owner)
    opened(owner, line, simulator)
    with pytest.raises(LinkingRefused, match="que un supervisor le cambie"):
        linking.typed_code(now_is(line), "351 444 0000")
    assert linking.typed_code(now_is(line), "0351 15 555 0000").code
    assert "lm-typed-code" in owner.post(at(line, "escribir"), {}).content.decode()


def test_a_code_is_given_while_a_phone_is_awaited_and_by_gateways_that_have_them(
    company: Company, line: WhatsAppSession, simulator: Simulator
) -> None:
    with pytest.raises(LinkingRefused, match="conéctala"):
        linking.typed_code(line, NUMBER)
    simulator.change_settings(capabilities=["connect"])
    line = sessions.refresh(line, timezone.now())
    with pytest.raises(LinkingRefused, match="escanea"):
        linking.typed_code(line, NUMBER)
    assert "Pedir un código" not in page(signed_in(company.owner), at(line, "vincular"))


def test_after_the_sixth_code_the_page_asks_to_connect_again(
    company: Company, line: WhatsAppSession, simulator: Simulator
) -> None:
    owner = signed_in(company.owner)
    opened(owner, line, simulator)
    simulator.advance(200)
    part = page(owner, at(line, "codigo"))
    assert "Conectar de nuevo" in part
    assert at(line, "conectar") in part


def test_a_wrong_phone_is_logged_out_and_the_page_says_so(
    company: Company, line: WhatsAppSession, simulator: Simulator
) -> None:
    WhatsAppSession.objects.update(phone=NUMBER)
    owner = signed_in(company.owner)
    opened(owner, line, simulator)
    simulator.scan("51", phone="+5491199990000")

    part = page(owner, at(line, "codigo"))

    assert "Vincula el teléfono de la línea" in part
    assert "vinculado!" not in part
    assert simulator.gateway().status().state is SessionState.DISCONNECTED
    assert now_is(line).phone == NUMBER


def test_who_holds_it_tests_and_closes_it(company: Company, line: WhatsAppSession, simulator: Simulator) -> None:
    owner = signed_in(company.owner)
    simulator.set_tenant("51", state="READY", phone=NUMBER)
    owner.post(at(line, "comprobar"))
    assert "Enviar una prueba" in page(owner, at(line))
    owner.post(at(line, "probar"))
    assert LineTest.objects.get().by == company.owner

    said = owner.post(at(line, "desconectar"), follow=True).content.decode()

    assert "así se queda" in said
    assert now_is(line).closed_at is not None
    assert simulator.gateway().status().state is SessionState.DISCONNECTED


def test_a_gateway_that_is_away_is_told_in_words(company: Company, line: WhatsAppSession) -> None:
    WhatsAppSession.objects.update(base_url="http://127.0.0.1:9")
    owner = signed_in(company.owner)
    for verb in ("conectar", "desconectar"):
        assert "Nadie contesta" in owner.post(at(line, verb), follow=True).content.decode()
    assert "Nadie contesta" in page(owner, at(line, "codigo"))


def test_who_comes_back_from_a_log_in_finds_the_line(company: Company, line: WhatsAppSession) -> None:
    for verb in VERBS:
        assert signed_in(company.owner).get(at(line, verb)).headers["Location"] == at(line)


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_nobody_else_sees_or_touches_it(
    company: Company, line: WhatsAppSession, simulator: Simulator, who: str
) -> None:
    client = signed_in(getattr(company, who))
    assert "Ventas" not in page(client, "/mi-whatsapp/")
    for part in ("", "vivo", "vincular", "codigo"):
        assert client.get(at(line, part)).status_code == 404
    for verb in VERBS:
        assert client.post(at(line, verb)).status_code == 404
    assert simulator.gateway().status().state is SessionState.DISCONNECTED


def test_the_teams_supervisor_may_and_who_is_nobody_is_asked_to_log_in(company: Company, line: WhatsAppSession) -> None:
    assert "Conectar" in page(signed_in(company.supervisor), at(line))
    assert "/login/" in Client().get(at(line)).headers["Location"]


def test_on_the_desk_it_is_the_same_operation(company: Company, line: WhatsAppSession, simulator: Simulator) -> None:
    let_into_the_admin(company.supervisor)
    boss, desk = signed_in(company.supervisor), f"/admin/whatsapp/whatsappsession/{line.pk}"
    boss.post(f"{desk}/connect/")
    simulator.advance(1)
    assert "Pedir un código para escribir" in page(boss, f"{desk}/pair/")
    assert "<svg" in page(boss, f"{desk}/pair/code/")
    assert "lm-typed-code" in boss.post(f"{desk}/pair/typed/", {"phone": NUMBER}).content.decode()
    api = boss.post(f"/api/v1/sessions/{line.pk}/typed-code/", {"phone": NUMBER}, content_type="application/json")
    assert re.fullmatch(r"[1-9A-HJ-NP-TV-Z]{8}", api.json()["code"])


def test_a_code_to_type_is_kept_nowhere(company: Company, line: WhatsAppSession, simulator: Simulator) -> None:
    owner, path = signed_in(company.owner), f"/api/v1/sessions/{line.pk}/typed-code/"
    opened(owner, line, simulator)

    answer = owner.post(
        path, {"phone": NUMBER}, content_type="application/json", headers={"Idempotency-Key": "otra-vez"}
    )

    assert answer.json()["code"]
    assert not IdempotentRequest.objects.exists()


# --- Another number for a line -------------------------------------------------------------------------------------


def linked(line: WhatsAppSession, simulator: Simulator) -> WhatsAppSession:
    simulator.set_tenant("51", state="READY", phone=NUMBER)
    return sessions.refresh(line, timezone.now())


def test_a_supervisor_gives_it_another_number_with_a_reason(
    company: Company, line: WhatsAppSession, simulator: Simulator
) -> None:
    line = linked(line, simulator)
    let_into_the_admin(company.supervisor)
    boss, door = signed_in(company.supervisor), f"/admin/whatsapp/whatsappsession/{line.pk}/change-number/"
    boss.post(door, {"reason": ""})
    assert now_is(line).phone == NUMBER

    boss.post(door, {"reason": "Se perdió el teléfono"})

    line = now_is(line)
    assert (line.phone, line.state) == ("", State.DISCONNECTED)
    assert warm_up.limit(line) == 20
    event = SessionEvent.objects.first()
    assert event is not None
    assert (event.kind, event.by, event.reason) == ("otro_numero", company.supervisor, "Se perdió el teléfono")
    # It was unlinked: the next one that scans is its number.
    sessions.connect(line, timezone.now())
    simulator.advance(1)
    simulator.scan("51", phone="+5493514440000")
    assert sessions.refresh(line, timezone.now()).phone == "+5493514440000"


def test_after_a_wrong_phone_another_number_may_be_what_was_meant(
    company: Company, line: WhatsAppSession, simulator: Simulator
) -> None:
    line = linked(line, simulator)
    simulator.set_tenant("51", phone="+5493514440000")
    line = sessions.refresh(line, timezone.now())
    assert line.trouble_code == "WRONG_ACCOUNT"

    linking.change_number(line, by=company.supervisor, reason="Cambió el chip", now=timezone.now())

    assert (now_is(line).paused_at, now_is(line).trouble) == (None, "")
    sessions.connect(now_is(line), timezone.now())
    simulator.advance(1)
    simulator.scan("51", phone="+5493514440000")
    line = sessions.refresh(line, timezone.now())
    assert (line.phone, line.is_ready(timezone.now())) == ("+5493514440000", True)


@pytest.mark.parametrize("who", ["owner", "colleague", "stranger"])
def test_nobody_else_changes_the_number(
    company: Company, line: WhatsAppSession, simulator: Simulator, who: str
) -> None:
    line = linked(line, simulator)
    person: User = getattr(company, who)
    let_into_the_admin(person)
    body = {"reason": "Porque sí"}
    signed_in(person).post(f"/admin/whatsapp/whatsappsession/{line.pk}/change-number/", body)
    answer = signed_in(person).post(f"/api/v1/sessions/{line.pk}/change-number/", body, content_type="application/json")
    assert answer.status_code in {403, 404}
    assert now_is(line).phone == NUMBER


def test_a_gateway_that_does_not_unlink_it_leaves_the_number(
    company: Company, line: WhatsAppSession, simulator: Simulator
) -> None:
    line = linked(line, simulator)
    simulator.add_faults({"fault": "status", "route": "logout", "status": 500})
    body = {"reason": "Se perdió el teléfono"}
    answer = signed_in(company.supervisor).post(
        f"/api/v1/sessions/{line.pk}/change-number/", body, content_type="application/json"
    )
    assert answer.status_code == 502
    assert now_is(line).phone == NUMBER
