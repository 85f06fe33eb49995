"""A gateway behind TLS: verified before anything leaves, and cut at the deadline like any other."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.whatsapp.gateways.far_side import Script, far_side, read_request
from tests.whatsapp.messages import a_message
from whatsapp.gateways import transport
from whatsapp.gateways.base import GatewayConfig, GatewayError, Outcome
from whatsapp.gateways.session_manager import SessionManagerGateway

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"ok": true, "message_id": "x"}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with key and certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway of a company")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "gateway.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def _company_authority(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine trusts that certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transport._make_tls_context.cache_clear()
    yield
    transport._make_tls_context.cache_clear()


def over_tls(certificate: Path, script: Script) -> Script:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            script(secure)

    return wrapped


def gateway_at(base_url: str, *, send_timeout: float = 5.0) -> SessionManagerGateway:
    return SessionManagerGateway(
        GatewayConfig(
            kind="session_manager",
            base_url=base_url.replace("http://", "https://"),
            tenant_id="51",
            send_timeout=send_timeout,
        )
    )


@pytest.mark.usefixtures("_company_authority")
def test_trusted_gateway_takes_the_message(certificate: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(ANSWER)

    with far_side(over_tls(certificate, script)) as base_url:
        assert gateway_at(base_url).send(a_message()).message_id == "x"


def test_gateway_that_cannot_be_verified_gets_nothing(certificate: Path) -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))

    with far_side(over_tls(certificate, script)) as base_url, pytest.raises(GatewayError) as caught:
        gateway_at(base_url).send(a_message())
    assert (caught.value.outcome, caught.value.code) == (Outcome.NOT_SENT, "UNREACHABLE")
    assert "TLS" in caught.value.detail
    assert not any(seen)


@pytest.mark.usefixtures("_company_authority")
def test_gateway_of_another_name_gets_nothing(certificate: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)

    with far_side(over_tls(certificate, script)) as base_url, pytest.raises(GatewayError) as caught:
        gateway_at(base_url.replace("127.0.0.1", "localhost")).send(a_message())
    assert caught.value.outcome is Outcome.NOT_SENT


@pytest.mark.usefixtures("_company_authority")
def test_reset_after_the_request_left_is_unknown(certificate: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)

    with far_side(over_tls(certificate, script)) as base_url, pytest.raises(GatewayError) as caught:
        gateway_at(base_url).send(a_message())
    assert (caught.value.outcome, caught.value.code) == (Outcome.UNKNOWN, "CONNECTION_LOST")


@pytest.mark.usefixtures("_company_authority")
def test_answer_that_drips_is_cut_at_the_deadline(certificate: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        for byte in ANSWER:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with far_side(over_tls(certificate, script)) as base_url:
        started = time.monotonic()
        with pytest.raises(GatewayError) as caught:
            gateway_at(base_url, send_timeout=0.6).send(a_message())
        assert 0.6 <= time.monotonic() - started < 2.6
    assert (caught.value.outcome, caught.value.code) == (Outcome.UNKNOWN, "TIMEOUT")


def test_authorities_are_read_once_however_many_threads_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them takes tens of milliseconds; five hundred threads reading at once would lose ten seconds."""
    read = []
    real = ssl.create_default_context

    def counting(**values: Any) -> ssl.SSLContext:
        read.append(values)
        time.sleep(0.05)
        return real(**values)

    monkeypatch.setattr(ssl, "create_default_context", counting)
    transport._make_tls_context.cache_clear()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        contexts = list(pool.map(lambda _turn: transport._tls_context(), range(20)))
    assert len(read) == 1
    assert len(set(map(id, contexts))) == 1
