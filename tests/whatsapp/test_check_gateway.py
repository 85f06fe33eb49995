"""`check_gateway` tells the mistakes apart, and says what to do about each."""

from __future__ import annotations

import io
import json
import socket
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings as DjangoSettings

from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator, StartSimulator
from tests.whatsapp.gateways.far_side import answering, far_side
from whatsapp import diagnosis
from whatsapp.diagnosis import Finding, Level, Line, diagnose
from whatsapp.gateways.base import GatewayConfig
from whatsapp.models import WhatsAppSession
from whatsapp.simulator.settings import Settings


def line(config: GatewayConfig, **changes: Any) -> Line:
    return Line(**{"config": config, "name": "Línea", **changes})


def findings(simulator: Simulator, **changes: Any) -> list[Finding]:
    return list(diagnose(line(simulator.config(**changes))).findings)


def codes(simulator: Simulator, **changes: Any) -> list[str]:
    return [finding.code for finding in findings(simulator, **changes)]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_line_in_order(simulator: Simulator) -> None:
    found = diagnose(line(simulator.config()))
    assert found.works
    assert [(finding.level, finding.code) for finding in found.findings] == [(Level.OK, "OK")]
    assert found.version == "1.2.0"


# --- The address --------------------------------------------------------------------------------------------------


def test_wrong_port_where_nobody_listens(simulator: Simulator, free_port: int) -> None:
    (finding,) = findings(simulator, base_url=f"http://127.0.0.1:{free_port}")
    assert (finding.level, finding.code) == (Level.ERROR, "UNREACHABLE")
    assert str(free_port) in finding.text
    assert "SESSION_MANAGER_BASE_URL" in finding.cure


def test_wrong_port_names_the_right_one_when_it_is_the_usual(
    simulator: Simulator, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "USUAL_PORT", int(simulator.base_url.rpartition(":")[2]))
    (finding,) = findings(simulator, base_url=f"http://127.0.0.1:{free_port}")
    assert finding.code == "UNREACHABLE"
    assert f"SESSION_MANAGER_BASE_URL={simulator.base_url}" in finding.cure


def test_wrong_path_names_the_right_address(simulator: Simulator) -> None:
    (finding,) = findings(simulator, base_url=f"{simulator.base_url}/api/session-manager")
    assert finding.code == "WRONG_PATH"
    assert f"SESSION_MANAGER_BASE_URL={simulator.base_url}" in finding.cure


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 404 Not Found\r\n\r\n<h1>nginx</h1>",
        b"HTTP/1.1 200 OK\r\n\r\n<h1>Welcome</h1>",
        b'HTTP/1.1 200 OK\r\n\r\n{"ok": true, "service": "billing"}',
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n",
    ],
)
def test_another_program_on_that_port(raw: bytes) -> None:
    with far_side(answering(raw)) as base_url:
        config = GatewayConfig(kind="session_manager", base_url=base_url, tenant_id="51", call_timeout=2.0)
        (finding,) = diagnose(line(config)).findings
    assert (finding.level, finding.code) == (Level.ERROR, "WRONG_SERVICE")
    assert base_url in finding.text


def test_https_where_plain_http_is_spoken(simulator: Simulator) -> None:
    (finding,) = findings(simulator, base_url=simulator.base_url.replace("http://", "https://"))
    assert "TLS" in finding.text
    assert f"SESSION_MANAGER_BASE_URL={simulator.base_url}" in finding.cure


def test_name_that_does_not_exist(simulator: Simulator) -> None:
    (finding,) = findings(simulator, base_url="http://no-such-host.invalid:3011")
    assert (finding.level, finding.code) == (Level.ERROR, "UNREACHABLE")
    assert "nombre" in finding.text


@pytest.mark.parametrize(
    ("version", "level", "code"),
    [
        ("0.9.4", Level.ERROR, "OLD_VERSION"),
        ("", Level.WARNING, "NO_VERSION"),
        ("2.0.0", Level.ERROR, "NEWER_VERSION"),
    ],
)
def test_version_of_the_contract(simulator: Simulator, version: str, level: Level, code: str) -> None:
    simulator.change_settings(version=version)
    (finding,) = findings(simulator)
    assert (finding.level, finding.code) == (level, code)


def test_gateway_in_trouble_is_not_called_a_wrong_address(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "status", "status": 503, "route": "health"})
    assert codes(simulator) == ["GATEWAY_ERROR"]


# --- The session --------------------------------------------------------------------------------------------------


def test_missing_session(simulator: Simulator) -> None:
    (finding,) = findings(simulator, tenant="52")
    assert (finding.level, finding.code) == (Level.ERROR, "UNKNOWN_SESSION")
    assert "52" in finding.text


def test_wrong_token(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(settings=Settings(token="right"))
    (finding,) = findings(simulator, token="wrong")
    assert (finding.level, finding.code) == (Level.ERROR, "NOT_AUTHORISED")
    assert "SESSION_MANAGER_TOKEN" in finding.cure


def test_each_way_of_not_being_ready_has_its_own_sentence(simulator: Simulator) -> None:
    said = []
    simulator.set_tenant("51", state="DISCONNECTED")
    said += findings(simulator)
    simulator.gateway().connect()
    said += findings(simulator)
    simulator.advance(1)
    said += findings(simulator)
    simulator.set_tenant("51", can_send=False)
    said += findings(simulator)
    assert {finding.code for finding in said} == {"SESSION_NOT_READY"}
    assert len({(finding.text, finding.cure) for finding in said}) == 4


def test_gateway_without_the_status_route(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "status", "status": 404, "body": "Cannot GET", "route": "status"})
    assert codes(simulator) == ["NO_STATUS_ROUTE"]


def test_what_is_missing_for_acknowledgements_is_a_warning(simulator: Simulator) -> None:
    without_secret = diagnose(line(simulator.config(), takes_callbacks=False))
    assert without_secret.works
    assert [finding.code for finding in without_secret.findings] == ["NO_CALLBACK_SECRET"]
    simulator.change_settings(capabilities=[])
    assert codes(simulator) == ["NO_CALLBACKS", "NO_LOOKUP"]


# --- The command --------------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[str, int]:
    """What the command says, and its exit status."""
    out = io.StringIO()
    try:
        call_command("check_gateway", *arguments, stdout=out, no_color=True)
    except SystemExit as exit_:
        return out.getvalue(), int(str(exit_.code))
    return out.getvalue(), 0


def a_session(simulator: Simulator, **values: Any) -> WhatsAppSession:
    session: WhatsAppSession = WhatsAppSessionFactory.create(base_url=simulator.base_url, webhook_secret="s", **values)
    return session


@pytest.mark.django_db
def test_command_ends_well_when_every_line_works(simulator: Simulator) -> None:
    a_session(simulator, name="Ventas", tenant_id="51")
    said, status = run()
    assert status == 0
    assert f"Ventas — {simulator.base_url} 1.2.0" in said
    assert "✓ Todo en orden." in said


@pytest.mark.django_db
def test_command_ends_with_1_when_one_line_of_two_could_not_send(simulator: Simulator) -> None:
    good = a_session(simulator, tenant_id="51")
    bad = a_session(simulator, tenant_id="52")
    said, status = run("--json")
    assert status == 1
    report = {entry["session_id"]: entry for entry in json.loads(said)}
    assert report[good.pk]["works"] is True
    assert report[bad.pk]["works"] is False
    assert report[bad.pk]["cliente_id"] == "52"
    assert [finding["code"] for finding in report[bad.pk]["findings"]] == ["UNKNOWN_SESSION"]
    assert run(str(good.pk))[1] == 0


@pytest.mark.django_db
def test_a_line_that_nobody_paired_yet_is_named_and_no_failure(simulator: Simulator) -> None:
    line = a_session(simulator, tenant_id="51", state="DISCONNECTED")
    simulator.set_tenant("51", state="DISCONNECTED")

    said, status = run()

    assert status == 0
    assert "Falta vincular" in said
    WhatsAppSession.objects.filter(pk=line.pk).update(paired_at=line.created_at)
    assert run()[1] == 1, "one that worked before does not"


@pytest.mark.django_db
def test_command_checks_the_configured_address_without_any_session(
    simulator: Simulator, settings: DjangoSettings, free_port: int
) -> None:
    settings.SESSION_MANAGER_BASE_URL = simulator.base_url
    assert run()[1] == 0
    settings.SESSION_MANAGER_BASE_URL = f"http://127.0.0.1:{free_port}"
    assert run()[1] == 1


@pytest.mark.django_db
def test_command_refuses_a_session_that_does_not_exist(simulator: Simulator) -> None:
    with pytest.raises(CommandError, match="404"):
        run("404")


@pytest.mark.django_db
def test_command_shows_no_token(simulator: Simulator) -> None:
    a_session(simulator, tenant_id="51", token="very-secret-token")
    assert "very-secret-token" not in run("--json")[0]


@pytest.mark.django_db
def test_many_silent_lines_are_checked_at_once(start_simulator: StartSimulator) -> None:
    names = tuple(str(number) for number in range(12))
    simulator = start_simulator(tenants=names)
    simulator.add_faults({"fault": "late", "seconds": 0.5, "route": "health"})
    lines = [line(simulator.config(name)) for name in names]
    started = time.monotonic()
    found = diagnosis.diagnose_all(lines)
    assert [each.line for each in found] == lines
    assert time.monotonic() - started < 12 * 0.5 / 2
