"""`python -m whatsapp.simulator`: the simulator without Django."""

from __future__ import annotations

import argparse
import sys

from whatsapp.simulator.cli import add_arguments, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m whatsapp.simulator", description="A session manager to try out.")
    add_arguments(parser)

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        run(vars(parser.parse_args()), say=say)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
