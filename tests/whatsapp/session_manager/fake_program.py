"""Plays the phone's process: the same JSON lines, and what the text of a message asks for."""

from __future__ import annotations

import json
import os
import sys
import time


def tell(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main() -> None:
    hello = json.loads(sys.stdin.readline())
    sys.stdout.write("a library that prints\n")
    tell(event="connected", phone="+5491155550000")
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "close":
            if hello["proxy"] == "deaf":
                continue
            return
        match asked.get("text"):
            case "die":
                os._exit(9)
            case "refuse":
                tell(n=asked["n"], trouble="first_contact", detail="server returned error 463", code=463)
            case "environment":
                tell(n=asked["n"], ok=" ".join(sorted(os.environ)))
            case "flood":
                sys.stdout.write("x" * 5_000_000 + "\n")
                sys.stdout.flush()
                time.sleep(60)
            case "write":
                tell(event="received", id="A1", sender="123456789012345@lid", sender_phone="5491144445555",
                     kind="image", text="mira", at=4_000_000_000)  # fmt: skip
                tell(event="ack", ids=["A1", "A2"], ack="read", at=1_700_000_000)
                tell(event="unheard-of")
                tell(n=asked["n"], ok="A2")
            case _:
                tell(n=asked["n"], ok="A0")


if __name__ == "__main__":
    main()
