"""One place, one text: how gateways' addresses are written, and which ones nobody's token goes to."""

from __future__ import annotations

import ipaddress

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from tests.factories.accounts import TeamFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator
from whatsapp import addresses
from whatsapp.addresses import AddressRefused
from whatsapp.gateways import hosts
from whatsapp.gateways.transport import Failure, TransportError, exchange
from whatsapp.models import WhatsAppSession


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        ("  http://gw.example:3011  ", "http://gw.example:3011"),
        ("gw:3011", "http://gw:3011"),
        ("HTTP://GW.Example:3011/", "http://gw.example:3011"),
        ("http://gw.example.:3011", "http://gw.example:3011"),
        ("http://gw.example:80", "http://gw.example"),
        ("http://gw.example:080/", "http://gw.example"),
        ("https://gw.example:443/", "https://gw.example"),
        ("https://gw.example:80", "https://gw.example:80"),
        ("http://gw.example//a/./b//", "http://gw.example/a/b"),
        ("http://gw.example/Casa", "http://gw.example/Casa"),
        ("http://añil.example", "http://xn--ail-7ma.example"),
        ("http://AÑIL.example", "http://xn--ail-7ma.example"),
        ("http://xn--ail-7ma.example", "http://xn--ail-7ma.example"),
        ("http://gw。example", "http://gw.example"),
        ("http://１０.0.0.1", "http://10.0.0.1"),
        ("http://10.1", "http://10.0.0.1"),
        ("http://0x0a000001", "http://10.0.0.1"),
        ("http://167772161:3011", "http://10.0.0.1:3011"),
        ("http://012.0.0.1", "http://10.0.0.1"),
        ("http://[::FFFF:10.0.0.1]:3011", "http://10.0.0.1:3011"),
        ("http://[2001:DB8:0:0:0:0:0:1]", "http://[2001:db8::1]"),
    ],
)
def test_one_place_is_written_one_way(written: str, kept: str) -> None:
    assert addresses.canonical(written) == kept
    assert addresses.canonical(kept) == kept


@pytest.mark.parametrize(
    "written",
    [
        "ftp://gw.example",
        "http://",
        "http:///ruta",
        "http://user:pw@gw.example",
        "http://@gw.example",
        "http://gw.example?x=1",
        "http://gw.example/#x",
        "http://gw example",
        "http://gw.example\t/a",
        "http://gw.example\\@otro",
        "http://gw\u200b.example",
        "http://gw.example:0",
        "http://gw.example:99999",
        "http://gw.example:puerto",
        "http://gw.example/../send",
        "http://gw.example/%2e%2e/",
        "http://%67w.example",
        "http://[fe80::1%25eth0]",
        "http://[::1",
        "http://-gw.example",
        "http://256.1.1.1",
        "http://xn--.example",
        f"http://{'a' * 64}.example",
        f"http://gw.example/{'a' * 200}",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(written: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        addresses.canonical(written)

    assert len(refused.value.messages[0]) > 20


@pytest.mark.parametrize(
    "written",
    ["http://localhost:3011", "http://LOCALHOST:3011/", "localhost:3011", "http://localhost.:03011//", ""],
)
def test_the_gateway_of_the_environment_is_kept_as_nothing(written: str, settings: Settings) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://localhost:3011"

    assert addresses.stored(written) == ""


@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["http://localhost:3011", "HTTP://LocalHost:3011/", ""])
def test_the_database_refuses_the_alias_of_a_line_whoever_writes(alias: str, settings: Settings) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://localhost:3011"
    WhatsAppSessionFactory.create(tenant_id="51", base_url="")

    with pytest.raises(IntegrityError), transaction.atomic():
        WhatsAppSessionFactory.create(tenant_id="51", base_url=alias, team=TeamFactory.create())
    other = WhatsAppSessionFactory.create(tenant_id="51", base_url="http://gw.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        WhatsAppSession.objects.filter(pk=other.pk).update(base_url=alias)


def test_every_name_of_this_machine_is_one_place(settings: Settings) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://localhost:3011"

    assert addresses.same_place("", "http://127.0.0.1:3011")
    assert addresses.same_place("http://[::1]:3011", "http://127.0.0.2:3011")
    assert not addresses.same_place("", "http://127.0.0.1:3012")
    assert not addresses.same_place("", "https://127.0.0.1:3011")


# --- Where nobody's token goes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://169.254.1.1:3011",
        "http://2852039166",
        "http://0xa9fea9fe",
        "http://[::ffff:169.254.169.254]",
        "http://[fe80::1]",
        "http://[fd00:ec2::254]",
        "http://[64:ff9b::a9fe:a9fe]",
        "http://[2002:a9fe:a9fe::1]",
        "http://100.100.100.200",
        "http://0.0.0.0:3011",
        "http://metadata.google.internal",
        "http://METADATA.google.internal.",
    ],
)
def test_the_clouds_own_addresses_are_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        addresses.refuse_unreachable(addresses.canonical(address))


@pytest.mark.parametrize("address", ["http://localhost:3011", "http://10.0.0.1", "http://gw.example", ""])
def test_a_gateway_next_door_is_not_refused(address: str) -> None:
    addresses.refuse_unreachable(addresses.canonical(address))


def test_a_name_that_leads_to_a_forbidden_address_gets_no_byte(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The simulator's own address stands in for the cloud's: a name in DNS may lead anywhere.
    monkeypatch.setattr(hosts, "_NEVER", (*hosts._NEVER, ipaddress.ip_network("127.0.0.0/8")))

    with pytest.raises(TransportError) as refused:
        exchange("GET", f"{simulator.base_url}/health", headers={}, timeout=5, connect_timeout=5)

    assert (refused.value.failure, refused.value.request_left) == (Failure.ADDRESS, False)


def test_the_list_of_gateways_holds_when_it_is_written_and_when_it_is_used(
    settings: Settings, simulator: Simulator
) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://localhost:3011"
    settings.GATEWAY_HOSTS = ["gw.example", "otro.example:4000", "[2001:db8::1]"]

    for allowed in (
        "",
        "http://localhost:3011",
        "http://gw.example:9",
        "https://gw.example",
        "http://otro.example:4000",
        "http://[2001:db8::1]:5",
    ):
        addresses.refuse_unreachable(allowed)
    for other in ("http://otro.example", "http://localhost:3012", "http://gw.example.evil", simulator.base_url):
        with pytest.raises(AddressRefused, match="GATEWAY_HOSTS"):
            addresses.refuse_unreachable(other)
    with pytest.raises(TransportError) as refused:
        exchange("GET", f"{simulator.base_url}/health", headers={}, timeout=5, connect_timeout=5)
    assert refused.value.request_left is False
