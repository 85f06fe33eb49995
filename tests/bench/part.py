"""`python -m tests.bench.part MODULE [ARGUMENT…]`: brings Django up and calls that module's `run`."""

from __future__ import annotations

import importlib
import os
import sys

import django


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"
    django.setup()
    module = importlib.import_module(f"tests.bench.{sys.argv[1]}")
    module.run(*sys.argv[2:])


if __name__ == "__main__":
    main()
