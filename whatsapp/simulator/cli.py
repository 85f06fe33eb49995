"""The command line, shared by `manage.py simulate_gateway` and `python -m whatsapp.simulator`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from whatsapp.contract.wire import CAPABILITIES
from whatsapp.simulator.server import serve_until_signal
from whatsapp.simulator.settings import Options, Settings, UnknownTenants


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=3011, help="0 takes a free port (default: %(default)s)")
    parser.add_argument("--tenants", default="", help="cliente_ids that are paired from the start, with commas between")
    parser.add_argument(
        "--unknown-tenants",
        choices=[choice.value for choice in UnknownTenants],
        default=UnknownTenants.REFUSE.value,
        help="what other cliente_ids get: a 404, a session to pair, or a paired one (default: %(default)s)",
    )
    parser.add_argument(
        "--token",
        default=os.environ.get("SESSION_MANAGER_TOKEN", ""),
        help="require this bearer token (default: SESSION_MANAGER_TOKEN, so that no secret shows among the processes)",
    )
    parser.add_argument(
        "--latency", type=float, nargs=2, metavar=("MIN", "MAX"), default=(0.0, 0.0), help="seconds a message takes"
    )
    parser.add_argument("--read-ratio", type=float, default=1.0, help="how many of the delivered messages are read")
    parser.add_argument("--faults", type=Path, help="JSON file with a list of faults, or {settings, faults}")
    parser.add_argument("--ledger", type=Path, help="append what is delivered to this JSON Lines file")
    parser.add_argument("--callback-url", default="", help="where callbacks go; {cliente_id} stands for the tenant")
    parser.add_argument(
        "--callback-secret",
        default=os.environ.get("SESSION_MANAGER_WEBHOOK_SECRET", ""),
        help="signs the callbacks (default: SESSION_MANAGER_WEBHOOK_SECRET)",
    )
    parser.add_argument("--capabilities", default=",".join(CAPABILITIES), help="optional parts (default: %(default)s)")
    parser.add_argument("--auto-scan", type=float, metavar="SECONDS", help="a code is scanned by itself after so long")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="makes chances repeatable")


GREETING = "Session manager simulator on http://%(host)s:%(port)d (a simulated phone: /_control/)"


def run(arguments: dict[str, Any], *, say: Callable[[str], object], greeting: str = GREETING) -> None:
    """Serve until a signal. Raises ValueError or OSError with a sentence when the arguments cannot work."""
    settings = Settings()
    given, faults = _read_faults(arguments["faults"])
    settings.change(
        {
            "token": arguments["token"],
            "unknown_tenants": arguments["unknown_tenants"],
            "latency": tuple(arguments["latency"]),
            "read_ratio": arguments["read_ratio"],
            "capabilities": _words(arguments["capabilities"]),
            **given,
        }
    )
    options = Options(
        host=arguments["host"],
        port=arguments["port"],
        tenants=tuple(_words(arguments["tenants"])),
        ledger=arguments["ledger"],
        callback_url=arguments["callback_url"],
        callback_secret=arguments["callback_secret"],
        speed=arguments["speed"],
        auto_scan=arguments["auto_scan"],
        seed=arguments["seed"],
    )
    if options.speed <= 0:
        raise ValueError(f"--speed is {options.speed}: write a number above 0")

    def ready(_world: object, port: int) -> None:
        say(greeting % {"host": options.host, "port": port})

    serve_until_signal(options, settings, faults=faults, ready=ready)


def _read_faults(path: Path | None) -> tuple[dict[str, Any], object]:
    if path is None:
        return {}, []
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if isinstance(content, dict) and "fault" not in content:
        return content.get("settings", {}), content.get("faults", [])
    return {}, content


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
