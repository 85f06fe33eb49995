"""A word to systemd, which restarts what no longer says any: sd_notify(3) without a library. Elsewhere it says nothing."""

from __future__ import annotations

import contextlib
import os
import socket


def ready() -> None:
    """This process does its work from here on."""
    _say("READY=1")


def alive() -> None:
    """It still does. Without this for `WatchdogSec` it is ended and started again."""
    _say("WATCHDOG=1")


def stopping() -> None:
    _say("STOPPING=1")


def _say(word: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # An address that begins with @ is an abstract one.
    place = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
        to.sendto(word.encode(), place)
