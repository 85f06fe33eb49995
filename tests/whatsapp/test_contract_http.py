"""The small server of the contract: what can't be read is refused in one line, and nothing of it breaks the server."""

from __future__ import annotations

import asyncio

import pytest

from whatsapp.contract.clock import Clock
from whatsapp.contract.http import MAX_BODY, Reply, Request, Server


async def _answered(sent: bytes) -> bytes:
    async def handle(_request: Request) -> Reply:
        return Reply(status=204)

    server = Server(handle, clock=Clock())
    port = await server.start("127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        answer = await reader.readline()
        writer.close()
        return answer
    finally:
        await server.stop()


@pytest.mark.parametrize(
    "head",
    [
        b"GET //[ HTTP/1.1\r\n\r\n",
        b"POST /send HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST /send HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1),
        b"POST /send HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /send HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_head_that_makes_no_sense_is_refused(head: bytes) -> None:
    assert asyncio.run(_answered(head)).startswith(b"HTTP/1.1 400 ")


def test_what_makes_sense_is_answered() -> None:
    assert asyncio.run(_answered(b"GET /health HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
