#!/usr/bin/env python3
"""Add up JUnit reports: the slowest twenty tests, each part's time, and one closing line such as `812 passed, 0 failed`.

Exit status 1 when anything failed.
"""

from __future__ import annotations

import sys
from pathlib import Path
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


def slowest(paths: list[str], number: int = 20) -> list[tuple[float, str]]:
    """The tests that took longest, with what was made for them: seconds, and the part and name of each."""
    found = [
        (float(case.get("time", 0)), f"{Path(path).stem}: {case.get('classname')}::{case.get('name')}")
        for path in paths
        for case in ET.parse(path).getroot().iter("testcase")
    ]
    return sorted(found, reverse=True)[:number]


def parts(paths: list[str]) -> list[tuple[float, str]]:
    """How long each part took on the clock."""
    suites = [(suite, Path(path).stem) for path in paths for suite in ET.parse(path).getroot().iter("testsuite")]
    return [(float(suite.get("time", 0)), name) for suite, name in suites]


if __name__ == "__main__":
    for heading, rows in (("The slowest:", slowest(sys.argv[1:])), ("Time by part:", parts(sys.argv[1:]))):
        print(f"\n{heading}")
        for seconds, name in rows:
            print(f"{seconds:8.1f} s  {name}")
    passed, failed, skipped = count(sys.argv[1:])
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)
