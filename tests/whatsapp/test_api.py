"""Sessions over the API, against the simulator: who sets them up, what pairing looks like, what a deaf gateway says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator
from whatsapp.models import State, WhatsAppSession

pytestmark = pytest.mark.django_db

URL = "/api/v1/sessions/"


@pytest.fixture(autouse=True)
def _unhurried() -> None:
    cache.clear()


@pytest.fixture
def promoter() -> User:
    person: User = UserFactory.create()
    return person


@pytest.fixture
def boss() -> User:
    person: User = UserFactory.create(role=Role.SUPERVISOR)
    return person


@pytest.fixture
def admin() -> User:
    person: User = UserFactory.create(role=Role.ADMINISTRATOR)
    return person


@pytest.fixture
def team(promoter: User, boss: User) -> Team:
    made: Team = TeamFactory.create(members=[promoter], supervisors=[boss])
    return made


@pytest.fixture
def session(promoter: User, team: Team, simulator: Simulator) -> WhatsAppSession:
    made: WhatsAppSession = WhatsAppSessionFactory.create(
        owner=promoter, team=team, tenant_id="51", base_url=simulator.base_url, state=State.DISCONNECTED
    )
    return made


def client(person: User) -> APIClient:
    api = APIClient()
    api.force_authenticate(person)
    return api


def form(to: Team, **changes: Any) -> dict[str, Any]:
    return {"name": "Ventas", "tenant_id": "ventas", "team": to.pk} | changes


# --- Setting up ---------------------------------------------------------------------------------------------------


def test_a_supervisor_makes_a_line_for_a_promoter(boss: User, promoter: User, team: Team) -> None:
    answer = client(boss).post(URL, form(team, owner=promoter.pk, region="MX"))

    made = WhatsAppSession.objects.get(pk=answer.json()["id"])
    assert (made.owner, made.team, made.region, made.state) == (promoter, team, "MX", State.DISCONNECTED)


def test_secrets_never_come_out(admin: User, boss: User, team: Team) -> None:
    answer = client(admin).post(URL, form(team, token="abre-te", webhook_secret="firma"))

    made = WhatsAppSession.objects.get(pk=answer.json()["id"])
    assert (made.token, made.webhook_secret) == ("abre-te", "firma")
    for told in (answer, client(boss).get(f"{URL}{answer.json()['id']}/"), client(boss).get(URL)):
        assert "abre-te" not in told.content.decode()
        assert "firma" not in told.content.decode()


def test_a_secret_that_is_not_named_stays(boss: User, session: WhatsAppSession) -> None:
    session.token = "abre-te"
    session.save()

    client(boss).patch(f"{URL}{session.pk}/", {"name": "Otra"})

    session.refresh_from_db()
    assert (session.name, session.token) == ("Otra", "abre-te")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"team": 0}, "team"),
        ({"owner": "outsider"}, "owner"),
        ({"base_url": "http://10.0.0.1:3011"}, "base_url"),
        ({"base_url": "http://user:pw@localhost:3011"}, "base_url"),
        ({"token": "abre-te"}, "token"),
        ({"webhook_secret": "firma"}, "webhook_secret"),
        ({"tenant_id": "cliente 7"}, "tenant_id"),
        ({"tenant_id": " 7"}, "tenant_id"),
        ({"tenant_id": "7\u200b"}, "tenant_id"),
        ({"daily_limit": 100_001}, "daily_limit"),
        ({"lane_count": 1_001}, "lane_count"),
        ({"time_zone": "Luna/Mar"}, "time_zone"),
        ({"time_zone": "America"}, "time_zone"),
        ({"time_zone": "x" * 100_000}, "time_zone"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"lane_count": 0}, "lane_count"),
        ({"region": "XX"}, "region"),
        ({"gateway": "paloma"}, "gateway"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(
    changes: dict[str, Any], field: str, boss: User, team: Team
) -> None:
    if changes.get("owner") == "outsider":
        changes = {"owner": UserFactory.create().pk}

    answer = client(boss).post(URL, form(team, **changes))

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])
    assert not WhatsAppSession.objects.exists()


def test_the_same_tenant_twice_is_refused(boss: User, team: Team) -> None:
    assert client(boss).post(URL, form(team)).status_code == 201
    assert client(boss).post(URL, form(team)).status_code == 400
    assert WhatsAppSession.objects.count() == 1


@pytest.mark.parametrize("field", ["tenant_id", "gateway", "team"])
def test_what_a_line_is_does_not_change(field: str, boss: User, session: WhatsAppSession) -> None:
    other = TeamFactory.create(supervisors=[boss])
    value = {"tenant_id": "otra", "gateway": "otro", "team": other.pk}[field]

    answer = client(boss).patch(f"{URL}{session.pk}/", {field: value})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])


@pytest.mark.parametrize("written", ["", "http://localhost:3011/", "HTTP://LOCALHOST:3011", "http://127.0.0.1:3011"])
def test_a_line_of_another_team_is_not_taken_by_another_name_of_its_gateway(
    written: str, admin: User, team: Team, settings: Settings
) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://localhost:3011"
    theirs = WhatsAppSessionFactory.create(team=team, tenant_id="51", base_url="")
    elsewhere = WhatsAppSessionFactory.create(team=team, tenant_id="51", base_url="http://gw.example")

    refused = client(admin).post(URL, form(TeamFactory.create(), tenant_id="51", base_url=written))
    moved = client(admin).patch(f"{URL}{elsewhere.pk}/", {"base_url": written})

    assert (refused.status_code, moved.status_code) == (400, 400)
    assert "Ya hay una sesión" in str(refused.json()["error"]["fields"])
    assert list(WhatsAppSession.objects.values_list("pk", "base_url").order_by("pk")) == [
        (theirs.pk, ""),
        (elsewhere.pk, "http://gw.example"),
    ]


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254", "http://[fd00:ec2::254]", "http://u:p@gw.example", "x://y"]
)
def test_an_administrator_too_is_refused_the_clouds_own_addresses(address: str, admin: User, team: Team) -> None:
    answer = client(admin).post(URL, form(team, base_url=address))

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["base_url"])
    assert not WhatsAppSession.objects.exists()


def test_a_changed_address_takes_the_stored_secrets_with_it(admin: User, session: WhatsAppSession) -> None:
    WhatsAppSession.objects.filter(pk=session.pk).update(token="abre-te", webhook_secret="firma")

    client(admin).patch(f"{URL}{session.pk}/", {"base_url": f"{session.base_url}/", "name": "Otra"})
    session.refresh_from_db()
    assert (session.name, session.token, session.webhook_secret) == ("Otra", "abre-te", "firma")

    client(admin).patch(f"{URL}{session.pk}/", {"base_url": "http://gw.example", "webhook_secret": "nueva"})
    session.refresh_from_db()
    assert (session.base_url, session.token, session.webhook_secret) == ("http://gw.example", "", "nueva")


def test_only_an_administrator_points_our_server_elsewhere(session: WhatsAppSession, admin: User) -> None:
    answer = client(admin).patch(f"{URL}{session.pk}/", {"base_url": "http://gateway.example:3011"})

    assert answer.json()["base_url"] == "http://gateway.example:3011"


@pytest.mark.parametrize("field", ["state", "phone", "paused_at", "capabilities"])
def test_what_the_gateway_says_is_not_taken_from_the_request(field: str, boss: User, session: WhatsAppSession) -> None:
    before = getattr(session, field)

    client(boss).patch(f"{URL}{session.pk}/", {field: "READY"})

    session.refresh_from_db()
    assert getattr(session, field) == before


# --- Pairing ------------------------------------------------------------------------------------------------------


def test_a_promoter_pairs_their_line_and_lets_it_go(
    promoter: User, session: WhatsAppSession, simulator: Simulator
) -> None:
    api = client(promoter)
    simulator.set_tenant("51", state="DISCONNECTED")

    api.post(f"{URL}{session.pk}/connect/")
    simulator.advance(5)
    waiting = api.post(f"{URL}{session.pk}/refresh/").json()
    code = api.get(f"{URL}{session.pk}/qr/").json()
    simulator.scan("51")
    simulator.advance(5)
    ready = api.post(f"{URL}{session.pk}/refresh/").json()
    nothing = api.get(f"{URL}{session.pk}/qr/").json()
    gone = api.post(f"{URL}{session.pk}/disconnect/").json()

    assert waiting["state"] == State.AWAITING_QR
    assert code["qr"]
    assert dt.datetime.fromisoformat(code["expires_at"]) > timezone.now()
    assert (ready["state"], ready["ready"]) == (State.READY, True)
    assert nothing == {"qr": None, "expires_at": None}
    assert gone["state"] == State.DISCONNECTED
    assert "connect" in ready["capabilities"]


@pytest.mark.parametrize(("verb", "method"), [("connect", "post"), ("disconnect", "post"), ("qr", "get")])
def test_a_gateway_that_is_not_there_is_told_in_words(
    verb: str, method: str, promoter: User, session: WhatsAppSession
) -> None:
    WhatsAppSession.objects.update(base_url="http://127.0.0.1:1")

    answer = getattr(client(promoter), method)(f"{URL}{session.pk}/{verb}/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "gateway")
    assert len(answer.json()["error"]["message"]) > 20


def test_refreshing_records_that_nobody_answered(promoter: User, session: WhatsAppSession) -> None:
    WhatsAppSession.objects.update(base_url="http://127.0.0.1:1", state=State.READY)

    told = client(promoter).post(f"{URL}{session.pk}/refresh/").json()

    assert (told["state"], told["ready"]) == (State.DISCONNECTED, False)
    assert told["trouble"]
    assert told["unreachable_since"] is not None


def test_a_supervisor_lifts_the_pause(boss: User, promoter: User, session: WhatsAppSession) -> None:
    WhatsAppSession.objects.update(paused_at=timezone.now(), trouble="Sesión cerrada desde el teléfono")

    assert client(promoter).post(f"{URL}{session.pk}/unpause/").status_code == 403
    told = client(boss).post(f"{URL}{session.pk}/unpause/").json()

    assert (told["paused_at"], told["trouble"]) == (None, "")
