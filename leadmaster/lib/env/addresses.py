"""Machines and people: whom to ask, whom to answer, whom to tell."""

from __future__ import annotations

import email.utils
import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from leadmaster.lib.env.values import text, words

_NAME: Final = re.compile(r"\w(?:[\w.-]*\w)?\.?")
_NUMBERS: Final = re.compile(r"[\d.]+")
# Those of Django that a product sends or shows mail with, as django-environ calls them.
_MAIL_SERVERS: Final = ("smtp", "smtps", "smtp+tls", "smtp+ssl")
_MAIL_ELSEWHERE: Final = ("consolemail", "filemail", "memorymail", "dummymail")


def http_url(name: str, default: str) -> str:
    """An http(s) address without a trailing slash; empty only when the default is empty."""
    value = text(name, default)
    if not value:
        return ""
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or " " in value:
        raise ImproperlyConfigured(
            f"{name} is {_without_secrets(value)!r}. "
            "Write an address with scheme, host and port, such as http://localhost:3011."
        )
    return value.rstrip("/")


def hosts(name: str, default: str) -> list[str]:
    """Names that a web server answers to, as Django compares them: without scheme and port."""
    return _each(name, default, _is_answered, "Write names alone, such as leadmaster.example.com,[::1]")


def origins(name: str) -> list[str]:
    """Where forms may come from, as a browser says it: scheme and host, and the port where it is another one."""
    return _each(name, "", _is_origin, "Write scheme and host alone, such as https://leadmaster.example.com")


def gateway_hosts(name: str) -> list[str]:
    """`host` or `host:port`."""
    return _each(name, "", _is_host_and_port, "Write machines alone, such as gateway.example.com,10.0.0.7:3011")


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses and networks, such as 10.0.0.7 or 10.0.0.0/24."""
    found = []
    for item in words(name, ""):
        try:
            found.append(ipaddress.ip_network(item))
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name} names {item!r} ({error}). Write addresses or networks alone, such as 10.0.0.7,10.1.0.0/16,::1."
            ) from None
    return found


def mails(name: str) -> list[str]:
    return _each(name, "", _is_mail, "Write addresses with commas between, such as ana@example.com,luis@example.com")


def sender(name: str, default: str) -> str:
    """An address, with or without somebody's name before it."""
    value = text(name, default)
    if not _is_mail(email.utils.parseaddr(value)[1]):
        raise ImproperlyConfigured(
            f"{name} is {value!r}, which is no mail address. "
            "Write one such as leadmaster@example.com or LeadMaster <leadmaster@example.com>."
        )
    return value


def mail_server(name: str, default: str) -> dict[str, Any]:
    """Django's settings EMAIL_…"""
    value = text(name, default)
    scheme = value.partition("://")[0]
    parts = _split(value) if scheme in _MAIL_SERVERS else None
    if "://" not in value or not (parts or scheme in _MAIL_ELSEWHERE):
        raise ImproperlyConfigured(
            f"{name} is no mail server's address. Write smtp+tls://user:password@host:587 (or smtp+ssl://, smtp://), "
            "with %40 for @ and %23 for # in the password, or consolemail:// to print mails where the program runs."
        )
    config: dict[str, Any] = environ.Env.email_url_config(value)
    return config


def _each(name: str, default: str, is_right: Callable[[str], bool], write: str) -> list[str]:
    found = words(name, default)
    for item in found:
        if not is_right(item):
            raise ImproperlyConfigured(f"{name} names {_without_secrets(item)!r}. {write}.")
    return found


def _split(value: str) -> SplitResult | None:
    """The address in parts, or None without a host or with a port that is none."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    return parts if port != 0 and parts.hostname and _is_host(parts.hostname) else None


def _without_secrets(value: str) -> str:
    return re.sub(r"[^/]*@", "…@", value.partition("?")[0])


def _is_host(host: str) -> bool:
    """A name or an address, without brackets."""
    if ":" in host or _NUMBERS.fullmatch(host):
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return True
    return _NAME.fullmatch(host) is not None and ".." not in host


def _is_answered(item: str) -> bool:
    if item == "*":
        return True
    if item.startswith("["):
        return item.endswith("]") and ":" in item and _is_host(item[1:-1])
    return ":" not in item and _is_host(item.removeprefix("."))


def _is_origin(item: str) -> bool:
    parts = _split(item.replace("://*.", "://", 1))
    return (
        parts is not None
        and parts.scheme in {"http", "https"}
        and not (parts.path or parts.query or parts.fragment or parts.username)
    )


def _is_host_and_port(item: str) -> bool:
    parts = _split(f"//{item}")
    return parts is not None and parts.netloc == item and not parts.username and not item.endswith(":")


def _is_mail(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True
