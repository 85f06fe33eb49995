#!/usr/bin/env python3
"""Write .env from deploy/env.example with fresh secrets, unless there is one. Standard library only."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FIELD_ENCRYPTION_KEY": lambda: secrets.token_hex(32),
    "SESSION_MANAGER_TOKEN": lambda: secrets.token_urlsafe(32),
    "SESSION_MANAGER_WEBHOOK_SECRET": lambda: secrets.token_urlsafe(32),
}


def filled(example: str) -> str:
    """The example with a value behind each name that is generated."""
    lines = []
    for line in example.splitlines():
        name, equals, value = line.partition("=")
        make = GENERATED.get(name)
        lines.append(f"{name}={make()}" if make and equals and not value else line)
    return "\n".join(lines) + "\n"


def main(target: Path) -> None:
    text = filled((ROOT / "deploy" / "env.example").read_text(encoding="utf-8"))
    try:
        # Made with the right mode from the start, and never over a file that is there.
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"Wrote {target.name} with secrets of its own.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".env")
