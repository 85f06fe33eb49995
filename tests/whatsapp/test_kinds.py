"""Kinds of gateway: compared in one place, set up by what each needs, and told about in its own words."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from tests import company as companies
from tests.company import Company, signed_in
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.whatsapp.vendors.lines import VENDORS, at
from whatsapp import line_tests, session_editing, sessions
from whatsapp.diagnosis import Line, diagnose
from whatsapp.gateways import registry
from whatsapp.models import GatewayKind, WhatsAppSession

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("leadmaster", "whatsapp", "campaigns", "opportunities")
# A kind beside an operator, by its name or by its value.
_VALUES = "|".join(GatewayKind.values)
_KIND = rf"(?:GatewayKind\.[A-Z_]+(?:\.value)?|registry\.[A-Z_]{{4,}}|\"(?:{_VALUES})\")"
_COMPARED = re.compile(rf"(?:==|!=|\bis(?: not)?|\bin) *[({{\[]? *{_KIND}|{_KIND} *(?:==|!=|\bin\b)|case {_KIND}")


def test_nobody_outside_the_gateways_compares_a_kind() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if not path.is_relative_to(ROOT / "whatsapp" / "gateways") and "migrations" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if _COMPARED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "if session.gateway == GatewayKind.META_CLOUD:",
        'if kind in ("meta_cloud", "other"):',
        "return registry.META_CLOUD != kind",
        'case "session_manager":',
    ],
)
def test_the_search_would_find_one(line: str) -> None:
    assert _COMPARED.search(line)


def test_every_kind_has_a_profile_and_a_client() -> None:
    for kind in GatewayKind.values:
        assert registry.profile(kind).title
    with pytest.raises(ValueError, match="unknown gateway"):
        registry.profile("telegrama")
    assert [kind for kind in GatewayKind.values if registry.profile(kind).official] == ["meta_cloud"]


# --- Setting one up ----------------------------------------------------------------------------------------------------


@pytest.fixture
def boss(db: None) -> User:
    made: User = UserFactory.create(role=Role.ADMINISTRATOR)
    return made


def values(kind: str, **given: Any) -> dict[str, Any]:
    vendor = VENDORS[kind]
    return {"name": "Línea", "tenant_id": vendor.line, "gateway": kind, "team": TeamFactory(), "token": "t", **given}


def test_a_meta_line_lives_at_meta_unless_told_otherwise(boss: User) -> None:
    session = session_editing.create(values("meta_cloud"), by=boss, now=timezone.now())
    assert (session.base_url, session.gateway_config().base_url) == ("", "https://graph.facebook.com")
    assert session.gateway_config().token == "t"
    with pytest.raises(ValidationError, match="Ya hay una sesión"):
        session_editing.create(
            values("meta_cloud", base_url="https://graph.facebook.com/"), by=boss, now=timezone.now()
        )


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"tenant_id": "+54 9 351"}, "tenant_id", "solo cifras"),
        ({"token": ""}, "token", "hace falta: token de acceso"),
        ({"base_url": "http://169.254.169.254"}, "base_url", "metadatos"),
    ],
)
def test_what_a_meta_line_lacks_is_told_beside_its_field(
    boss: User, given: dict[str, str], field: str, sentence: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        session_editing.create(values("meta_cloud", **given), by=boss, now=timezone.now())
    assert sentence in " ".join(refused.value.message_dict[field])


def test_the_list_of_hosts_holds_for_a_kinds_own_home_too(boss: User, settings: Settings) -> None:
    settings.GATEWAY_HOSTS = ["gateway.example"]
    with pytest.raises(ValidationError, match="GATEWAY_HOSTS"):
        session_editing.create(values("meta_cloud", base_url=""), by=boss, now=timezone.now())
    settings.GATEWAY_HOSTS = ["graph.facebook.com"]
    session_editing.create(values("meta_cloud", base_url=""), by=boss, now=timezone.now())


def test_another_address_takes_the_token_with_it_and_asks_for_a_new_one(boss: User) -> None:
    session = session_editing.create(values("meta_cloud"), by=boss, now=timezone.now())
    with pytest.raises(ValidationError, match="hace falta"):
        session_editing.change(session.pk, {"base_url": "http://proxy.example"}, by=boss, now=timezone.now())
    session_editing.change(session.pk, {"base_url": "http://proxy.example", "token": "u"}, by=boss, now=timezone.now())
    session.refresh_from_db()
    assert session.token == "u"


def test_the_token_of_the_environment_never_goes_to_a_vendor(boss: User, settings: Settings) -> None:
    settings.SESSION_MANAGER_TOKEN = "del entorno"
    session = WhatsAppSessionFactory(gateway="meta_cloud", tenant_id="12345")
    assert session.gateway_config().token == ""


# --- On the desk ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


def test_the_form_of_each_kind_calls_its_fields_as_the_vendor_does(company: Company) -> None:
    client = signed_in(company.administrator)
    ours = client.get("/admin/whatsapp/whatsappsession/add/").content.decode()
    theirs = client.get("/admin/whatsapp/whatsappsession/add/?gateway=meta_cloud").content.decode()
    assert "Phone_number_id" in theirs
    assert "Secreto de la app" in theirs
    assert 'name="verify_token"' in theirs
    assert 'name="verify_token"' not in ours
    assert "pueden hacer que WhatsApp bloquee el número" in ours
    assert "pueden hacer que WhatsApp bloquee el número" not in theirs
    assert "Es la API oficial" in theirs


def test_an_administrator_creates_one_and_its_secrets_never_come_back(company: Company) -> None:
    client = signed_in(company.administrator)
    given = {
        "name": "Oficial",
        "tenant_id": "106540352242922",
        "gateway": "meta_cloud",
        "base_url": "",
        "team": company.team.pk,
        "region": "AR",
        "time_zone": "America/Argentina/Cordoba",
        "daily_limit": 180,
        "lane_count": 1,
        "token": "EAAG-token",
        "webhook_secret": "app-secret",
        "verify_token": "palabra",
    }
    assert client.post("/admin/whatsapp/whatsappsession/add/", given).status_code == 302
    session = WhatsAppSession.objects.get()
    assert (session.token, session.webhook_secret, session.verify_token) == ("EAAG-token", "app-secret", "palabra")
    page = client.get(f"/admin/whatsapp/whatsappsession/{session.pk}/change/").content.decode()
    assert not any(secret in page for secret in ("EAAG-token", "app-secret", "palabra"))


def test_a_line_that_cannot_write_to_itself_says_how_to_try_it(company: Company) -> None:
    session = WhatsAppSessionFactory(team=company.team, capabilities=["no_own_chat"], phone="+5491155500000")
    with pytest.raises(line_tests.LineTestRefused, match="desde tu teléfono"):
        line_tests.ask(session, by=company.administrator, now=timezone.now())


# --- Asked how it is -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_the_line_says_of_itself_is_written_down() -> None:
    with at("meta_cloud") as (_emulator, config):
        made: WhatsAppSession = WhatsAppSessionFactory.create(
            gateway="meta_cloud",
            tenant_id=config.tenant_id,
            base_url=config.base_url,
            token=config.token,
            state="CONNECTING",
        )
        session = sessions.refresh(made, timezone.now())
    assert (session.state, session.phone, session.people_a_day) == ("READY", "+5491155500000", 250)
    assert session.capabilities == ["callbacks", "echo", "no_own_chat", "templates"]


@pytest.mark.parametrize(
    ("changes", "state", "code", "sentence"),
    [
        ({}, "CONNECTED", "NO_CALLBACK_SECRET", "/webhooks/meta_cloud/106540352242922/"),
        ({"token": "otro"}, "CONNECTED", "NOT_AUTHORISED", "token de acceso de Meta Cloud API"),
        ({"tenant_id": "99999"}, "CONNECTED", "UNKNOWN_SESSION", "phone_number_id"),
        ({}, "RESTRICTED", "SESSION_NOT_READY", "WhatsApp Manager"),
        ({}, "BANNED", "BANNED", "otro número"),
        ({"base_url": "http://127.0.0.1:9"}, "CONNECTED", "UNREACHABLE", "esté en marcha"),
    ],
)
def test_check_gateway_says_what_is_wrong_with_a_meta_line(
    changes: dict[str, Any], state: str, code: str, sentence: str
) -> None:
    with at("meta_cloud") as (emulator, config):
        emulator.lines[config.tenant_id] = state
        line = Line(config=dataclasses.replace(config, **changes), name="Oficial", takes_callbacks=False)
        findings = {finding.code: f"{finding.text} {finding.cure}" for finding in diagnose(line).findings}
    assert sentence in findings[code]
    assert "session manager" not in " ".join(findings.values())


@pytest.mark.django_db(transaction=True)
def test_the_command_names_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    with at("meta_cloud") as (_emulator, config):
        WhatsAppSessionFactory(
            name="Oficial",
            gateway="meta_cloud",
            tenant_id=config.tenant_id,
            base_url=config.base_url,
            token=config.token,
            webhook_secret="s",
        )
        call_command("check_gateway")
    told = capsys.readouterr().out
    assert "Oficial" in told
    assert "Todo en orden" in told
