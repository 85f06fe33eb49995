"""The address of a gateway, written one way only, so that two texts for one place are one value to the database."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import idna
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from leadmaster.lib.fields import IdentifierField
from whatsapp.gateways import hosts

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_LENGTH: Final = 200
# Blanks, and what no screen shows: an address that looks like another one is another one.
_UNWRITABLE: Final = re.compile(r"[\s\x00-\x20\x7f-\xa0\\\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_NUMERIC_HOST: Final = re.compile(r"[0-9a-fx.]+", re.ASCII)
_HOST_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*", re.ASCII)
_PATH: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:-]+", re.ASCII)


class AddressRefused(ValidationError):
    """An address that our server is not sent to. Its sentence is for people."""


def canonical(text: str) -> str:
    """The one way to write this address: lower-case scheme and host, the name as DNS knows it, numbers as dotted quads,
    no default port, no slash at the end. Empty stays empty. Raises AddressRefused.
    """
    text = text.strip()
    if not text:
        return ""
    parts = _split(text if "://" in text else f"http://{text}")
    written = f"{parts.scheme}://{_host(parts.hostname or '')}{_port(parts)}{_path(parts.path)}"
    if len(written) > MAX_LENGTH:
        raise AddressRefused(_("La dirección es demasiado larga."))
    return written


def stored(text: str) -> str:
    """What the database keeps: the canonical address, and nothing for the environment's own gateway, however written.
    Raises AddressRefused.
    """
    written = canonical(text)
    return "" if written == default() else written


def default() -> str:
    """The environment's gateway, canonical; as it is where it can't be read (a start-up check tells of that)."""
    try:
        return canonical(settings.SESSION_MANAGER_BASE_URL)
    except AddressRefused:
        return settings.SESSION_MANAGER_BASE_URL


def resolved(text: str) -> str:
    """Where our server goes for this text: itself, or the environment's gateway."""
    try:
        return stored(text) or default()
    except AddressRefused:
        return text


def refuse_unreachable(address: str) -> None:
    """Raises AddressRefused for a canonical address that no token of ours may go to."""
    if not address:
        return
    if hosts.is_forbidden(urlsplit(address).hostname or ""):
        raise AddressRefused(
            _(
                "Esa dirección es de la propia nube (metadatos o enlace local), no de un gateway: escribe la del gateway."
            )
        )
    if not hosts.is_allowed(address):
        raise AddressRefused(
            _("Ese equipo no está entre los permitidos. Quien administra el servidor lo agrega en GATEWAY_HOSTS.")
        )


def same_place(one: str, other: str) -> bool:
    """Whether two stored addresses lead to one gateway now, by the environment as it is and with every name of this
    machine for one.
    """
    return _place(one) == _place(other)


def _place(address: str) -> str:
    parts = urlsplit(resolved(address))
    host = parts.hostname or ""
    return f"{parts.scheme}://{'localhost' if _is_this_machine(host) else host}{_port(parts)}{parts.path}"


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- Parts ------------------------------------------------------------------------------------------------------------


def _split(text: str) -> SplitResult:
    # Before urlsplit, which takes tabs and line ends out without a word.
    if _UNWRITABLE.search(text):
        raise AddressRefused(_("Escribe la dirección sin espacios ni barras invertidas."))
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _unreadable() from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise AddressRefused(_("La dirección empieza con http:// o https://."))
    if "@" in parts.netloc:
        raise AddressRefused(_("La dirección no lleva usuario ni contraseña: escribe la clave en el token."))
    if "?" in text or "#" in text:
        raise AddressRefused(_("Escribe solo la dirección de la que cuelgan las rutas, sin ? ni #."))
    return parts


def _host(host: str) -> str:
    host = host.rstrip(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise _unreadable() from None
        host = host.rstrip(".")
    if ":" in host:
        return _ipv6(host)
    if _NUMERIC_HOST.fullmatch(host) and (host[-1].isdigit() or "0x" in host):
        # As the system reads it: 127.1, 0x7f000001 and 2130706433 are all one machine.
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            if host.rpartition(".")[2].isdigit():
                raise _unreadable() from None
    if not _HOST_NAME.fullmatch(host) or len(host) > 253:
        raise _unreadable()
    return host


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise _unreadable() from None
    if address.scope_id is not None:
        raise _unreadable()
    return str(address.ipv4_mapped) if address.ipv4_mapped is not None else f"[{address.compressed}]"


def _port(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        raise _unreadable() from None
    if port == 0:
        raise _unreadable()
    return "" if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f":{port}"


def _path(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment not in {"", "."}]
    if any(segment == ".." or not _PATH.fullmatch(segment) for segment in segments):
        raise _unreadable()
    return "".join(f"/{segment}" for segment in segments)


def _unreadable() -> AddressRefused:
    return AddressRefused(_("La dirección no se entiende: escríbela como http://equipo:3011."))


# --- The column -------------------------------------------------------------------------------------------------------


def validate_address(value: str) -> None:
    """Raises ValidationError for what is no address."""
    canonical(value)


class GatewayAddressField(IdentifierField[str, str]):
    """A column that holds addresses as `stored` writes them, whoever writes: forms, programs or a shell."""

    default_validators = [validate_address]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_length": MAX_LENGTH, **options})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        value = self.get_prep_value(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if not value:
            return value
        try:
            return stored(value)
        except AddressRefused:
            return value  # a look-up by it finds nothing; who writes is refused by the validator
