#!/usr/bin/env python3
"""Add up JUnit reports to one closing line, such as `812 passed, 0 failed`. Exit status 1 when anything failed."""

from __future__ import annotations

import sys
from xml.etree import ElementTree as ET


def count(paths: list[str]) -> tuple[int, int, int]:
    """Passed, failed and skipped over all reports; an error in a fixture is a failure."""
    total = failed = skipped = 0
    for path in paths:
        for suite in ET.parse(path).getroot().iter("testsuite"):
            total += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
    return total - failed - skipped, failed, skipped


if __name__ == "__main__":
    passed, failed, skipped = count(sys.argv[1:])
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)
