"""Raw sockets that play a far side which no HTTP library would let us play."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Script = Callable[[socket.socket], None]


@contextlib.contextmanager
def far_side(script: Script) -> Iterator[str]:
    """A server that runs `script` on each connection, one after the other; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    connection, _address = listener.accept()
                    with connection:
                        connection.settimeout(5)
                        script(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def read_request(connection: socket.socket) -> bytes:
    """Head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _blank, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += connection.recv(65536)
    return data


def answering(raw: bytes) -> Script:
    """Reads the request, sends these bytes, and closes."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)

    return script


def reset(connection: socket.socket) -> None:
    """Make the coming close a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
