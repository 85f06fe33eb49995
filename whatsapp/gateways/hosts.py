"""Which machines our server may be sent to with a token: never the cloud's own, and only those on the list, if there
is one.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# Where clouds hand out credentials of the machine to whoever asks from it, and what reaches no single machine.
_NEVER: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/32",
        "169.254.0.0/16",  # link-local, and with it the metadata of AWS, Azure, Google and others
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's wire server
        "192.0.0.192/32",  # Oracle
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "fe80::/10",
        "fd00:ec2::254/128",  # AWS
        "fd20:ce::254/128",  # Google
        "ff00::/8",
    )
)
_NEVER_BY_NAME: Final = frozenset(
    {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"}
)


def is_forbidden(host: str) -> bool:
    """Whether nobody's token may go there. `host` is a name or an address, as it is written or as a socket tells it."""
    name = host.strip("[]").partition("%")[0].rstrip(".").lower()
    if name in _NEVER_BY_NAME:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    plain = _inner(address)
    return any(plain in network for network in _NEVER if network.version == plain.version)


def is_allowed(url: str) -> bool:
    """Whether GATEWAY_HOSTS lets our server go to `url`: by host, or by host and port. The environment's own gateway is
    always allowed, and an empty list allows every address that an administrator wrote.
    """
    if not settings.GATEWAY_HOSTS:
        return True
    ours = _host_and_port(settings.SESSION_MANAGER_BASE_URL)
    wanted = _host_and_port(url)
    allowed = {entry.lower() for entry in settings.GATEWAY_HOSTS}
    return wanted == ours or wanted.rpartition(":")[0] in allowed or wanted in allowed


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{port or _DEFAULT_PORTS.get(parts.scheme, 0)}"


def _inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one wraps, if it does (mapped, 6to4, NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if (wrapped := address.ipv4_mapped or address.sixtofour) is not None:
        return wrapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
