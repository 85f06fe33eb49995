"""One HTTP exchange, with proof of whether the request left and a deadline that holds.

`requests` alone cannot tell "the connection never came up" from "it broke after we wrote" in every case, and its
timeout counts each read, so that an answer of one byte per second never ends. Here every exchange has a connection of
its own (a kept one may be dead already, and its reset would prove nothing), a trace that notes the moment before the
first byte is written, and sockets whose reads get only the time that is left.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection

from whatsapp.gateways import hosts

# Enough for every answer of the contract; what is longer comes from something else.
MAX_BODY = 64 * 1024


class Failure(enum.StrEnum):
    """Why there is no answer."""

    NAME = "name"  # the host name has no address
    CONNECT = "connect"  # refused, unreachable, or no connection in time
    TLS = "tls"
    ADDRESS = "address"  # the configured address or header cannot be used
    TIMEOUT = "timeout"  # the deadline passed
    LOST = "lost"  # the connection broke, or what came back is not HTTP


class ForbiddenHostError(ValueError):
    """The cloud's own address, or one that is not on the list."""


class TransportError(Exception):
    """No answer. `request_left` is False only when no byte of the request was written."""

    def __init__(self, failure: Failure, *, request_left: bool) -> None:
        super().__init__(f"{failure} ({'after' if request_left else 'before'} the request left)")
        self.failure = failure
        self.request_left = request_left


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. `body` holds at most MAX_BODY bytes, undecoded; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    json: Mapping[str, Any] | None = None,
    timeout: float,
    connect_timeout: float,
) -> Answer:
    """Send one request and read its whole answer within `timeout` seconds. Raises TransportError and nothing else.

    Redirects are answers. Proxies, netrc and cookies of the environment play no part.
    """
    trace = _Trace(deadline=time.monotonic() + timeout)
    try:
        if not hosts.is_allowed(url):
            raise ForbiddenHostError("the host is not among GATEWAY_HOSTS")
        adapter = _Adapter(trace, tls=url.startswith("https:"))
        prepared = requests.Request(method, url, headers={**_HEADERS, **headers}, json=json).prepare()
        response = adapter.send(prepared, stream=True, timeout=(min(connect_timeout, timeout), timeout))
        with response:
            return Answer(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=_read_body(response.raw),
            )
    except Exception as error:  # the far side can provoke any error of four libraries
        raise TransportError(trace.explain(error), request_left=trace.request_left) from error
    finally:
        trace.close()


def _read_body(raw: Any) -> bytes:
    """Up to MAX_BODY bytes. Undecoded: we ask for identity, and a compressed bomb is not worth opening."""
    body = b""
    while len(body) < MAX_BODY:
        # One read may be short; only an empty one is the end, and there a missing rest is noticed.
        part = raw.read(MAX_BODY - len(body), decode_content=False)
        if not part:
            break
        body += part
    return body


_HEADERS = {"Connection": "close", "Accept": "application/json", "Accept-Encoding": "identity"}


@dataclasses.dataclass
class _Trace:
    """How far one exchange came."""

    deadline: float
    request_left: bool = False
    # The connection and the response around its socket. The socket is closed when both are; left to the garbage
    # collector, a far side that waits for our end might wait long.
    opened: list[Any] = dataclasses.field(default_factory=list)

    def close(self) -> None:
        for each in self.opened:
            with contextlib.suppress(OSError, ValueError):
                each.close()

    def remaining(self) -> float:
        """Seconds to the deadline. Raises TimeoutError when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the exchange passed")
        return left

    def explain(self, error: Exception) -> Failure:
        if self.request_left:
            return Failure.TIMEOUT if time.monotonic() >= self.deadline else Failure.LOST
        causes = list(_causes(error))
        if any(isinstance(cause, urllib3.exceptions.NameResolutionError | UnicodeError) for cause in causes):
            return Failure.NAME
        if any(isinstance(cause, ssl.SSLError | requests.exceptions.SSLError) for cause in causes):
            return Failure.TLS
        if any(isinstance(cause, ValueError) for cause in causes):  # InvalidURL, InvalidHeader, MissingSchema…
            return Failure.ADDRESS
        return Failure.CONNECT


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and everything it was made from; urllib3 and requests hide causes in `reason` and `args`."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        current = queue.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        queue += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


class _Adapter(HTTPAdapter):
    """One exchange's transport: connections report to its trace."""

    def __init__(self, trace: _Trace, *, tls: bool) -> None:
        self._trace = trace
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **pool_kwargs: Any) -> None:
        if self._tls:
            pool_kwargs["ssl_context"] = _tls_context()
        super().init_poolmanager(*args, **pool_kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The shared context has its authorities already; requests would read the bundle again for each connection."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        traced = _TracedHTTPSConnection if pool.scheme == "https" else _TracedHTTPConnection
        pool.ConnectionCls = functools.partial(traced, trace=self._trace)
        return pool


_tls_lock = threading.Lock()


def _tls_context() -> ssl.SSLContext:
    """The one context of this process. Under a lock: hundreds of threads may want the first one at once."""
    with _tls_lock:
        return _make_tls_context()


@functools.cache
def _make_tls_context() -> ssl.SSLContext:
    """The public authorities, and those of the machine (a company's own authority is installed there)."""
    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    context.load_default_certs()
    return context


class _Traced:
    """What both kinds of connection do alike; mixed in before urllib3's class."""

    sock: Any

    def __init__(self, *args: Any, trace: _Trace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trace = trace
        trace.opened.append(self)
        # http.client makes the response around the socket through this attribute.
        self.response_class = functools.partial(_DeadlineResponse, trace=trace)

    def _new_conn(self) -> socket.socket:
        """Refuses what a name turned out to lead to, before anything is written there. urllib3 connects here."""
        opened: socket.socket = super()._new_conn()  # type: ignore[misc]
        if hosts.is_forbidden(str(opened.getpeername()[0])):
            opened.close()
            raise ForbiddenHostError("the name leads to an address that no gateway has")
        return opened

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        self.sock.settimeout(self.trace.remaining())
        # Before, not after: an interrupted write may have left bytes on the wire.
        self.trace.request_left = True
        super().send(data)  # type: ignore[misc]


class _TracedHTTPConnection(_Traced, HTTPConnection):  # type: ignore[misc]
    pass


class _TracedHTTPSConnection(_Traced, HTTPSConnection):  # type: ignore[misc]
    pass


class _DeadlineResponse(http.client.HTTPResponse):
    """A response, headers and body, that is read within the deadline however slowly it drips."""

    def __init__(self, sock: Any, *args: Any, trace: _Trace, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        trace.opened.append(self)
        self.fp: io.BufferedReader = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock=sock, trace=trace))


class _DeadlineReader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, *, sock: Any, trace: _Trace) -> None:
        self._raw = raw
        self._sock = sock
        self._trace = trace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._trace.remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
