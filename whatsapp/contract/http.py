"""A small HTTP/1.1 server on asyncio: hundreds of slow answers at once in little memory, and faults on the wire."""

from __future__ import annotations

import asyncio
import dataclasses
import email.utils
import enum
import http
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from whatsapp.contract.clock import Clock

MAX_HEAD = 32 * 1024
MAX_BODY = 1024 * 1024


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None for anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


class Delivery(enum.StrEnum):
    """How the bytes of a reply reach the other side."""

    WHOLE = "whole"
    DRIP = "drip"  # one byte every `interval` seconds
    RESET = "reset"  # TCP RST instead of an answer
    CLOSE = "close"  # orderly end without an answer
    HANG = "hang"  # nothing, until the other side gives up


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reply:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE
    interval: float = 0.0

    def encode(self) -> bytes:
        try:
            reason = http.HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [
            f"HTTP/1.1 {self.status} {reason}",
            f"Date: {email.utils.formatdate(usegmt=True)}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + self.body


def json_reply(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status=status, body=json.dumps(value).encode(), headers=headers or {})


def html_reply(text: str, *, status: int = 200) -> Reply:
    return Reply(status=status, body=text.encode(), content_type="text/html; charset=utf-8")


Handler = Callable[[Request], Awaitable[Reply]]
# Told of every request and its reply; a test may check both against the contract.
Observer = Callable[[Request, Reply], None]


def observed(handler: Handler, observer: Observer | None) -> Handler:
    if observer is None:
        return handler

    async def handle(request: Request) -> Reply:
        reply = await handler(request)
        observer(request, reply)
        return reply

    return handle


class Server:
    """Accepts connections and hands each request to `handler`.

    A request that was read is handled to its end even when the other side has gone: a real gateway does not un-send
    a message because its client died. `drops` is asked once per connection.
    """

    def __init__(self, handler: Handler, *, clock: Clock, drops: Callable[[], bool] = lambda: False) -> None:
        self._handler = handler
        self._drops = drops
        self._clock = clock
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port."""
        self._server = await asyncio.start_server(self._accept, host, port, limit=MAX_HEAD, backlog=2048)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this callback in a task of its own
        self._connections.add(task)
        try:
            if self._drops():
                await reader.read(1)  # the request is on its way, and will never be read
                _reset(writer)
                return
            while await self._serve_one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the other side left, or does not speak HTTP
        except asyncio.CancelledError:
            _reset(writer)  # stopping: whoever still waits learns it at once
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply. Returns whether the connection stays open."""
        first = await reader.readexactly(1)
        if not first.isalpha():  # a TLS hello, for one: say so at once instead of waiting for an end of headers
            writer.write(Reply(status=400, content_type="text/plain").encode())
            await writer.drain()
            return False
        head = first + await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        method, _space, target = request_line.partition(" ")
        length = headers.get("content-length", "0")
        # More digits than Python reads as a number are too many all the same.
        fits = length.isdecimal() and len(length) <= len(str(MAX_BODY)) and int(length) <= MAX_BODY
        if "transfer-encoding" in headers or not fits:
            return await self._refuse(writer, "length")
        try:
            parts = urlsplit(target.rpartition(" ")[0])
        except ValueError:
            return await self._refuse(writer, "address")
        request = Request(
            method=method,
            path=unquote(parts.path),
            query={name: values[-1] for name, values in parse_qs(parts.query).items()},
            headers=headers,
            body=await reader.readexactly(int(length)),
        )
        reply = await self._handler(request)
        await self._write(reply, reader, writer)
        return reply.delivery is Delivery.WHOLE and headers.get("connection", "").lower() != "close"

    async def _refuse(self, writer: asyncio.StreamWriter, what: str) -> bool:
        """What can't be read ends its connection: nobody knows where the next request begins."""
        writer.write(json_reply({"error": True, "code": "VALIDATION", "message": what}, status=400).encode())
        await writer.drain()
        return False

    async def _write(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match reply.delivery:
            case Delivery.WHOLE:
                writer.write(reply.encode())
                await writer.drain()
            case Delivery.DRIP:
                for byte in reply.encode():
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await self._clock.sleep(reply.interval)
            case Delivery.RESET:
                _reset(writer)
            case Delivery.HANG:
                await reader.read()
            case Delivery.CLOSE:
                pass


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
