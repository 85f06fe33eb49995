#!/usr/bin/env python3
"""Commits that are not on main yet say area and what: `desk: Refuse stale bulk decisions`, at most 72 characters.

    deploy/commit_subjects.py [BASE]

names those that do not, and ends with 1. Merges say what git says. Outside a repository there is nothing to look at.
"""

from __future__ import annotations

import re
import subprocess
import sys

LONGEST = 72
_SHAPE = re.compile(r"[a-z][a-z0-9 ,/_-]*: \S")


def wrong_with(subject: str) -> str:
    """What is wrong with it, in words; empty when nothing is."""
    if len(subject) > LONGEST:
        return f"{len(subject)} characters, at most {LONGEST}"
    if not _SHAPE.match(subject):
        return "not `area: what`, the area in lower case"
    return ""


def new_subjects(base: str) -> list[str]:
    """Of the commits since this branch left `base`, newest first."""
    told = subprocess.run(
        ["git", "log", "--no-merges", "--format=%s", f"{base}..HEAD"], capture_output=True, text=True, check=False
    )
    return told.stdout.splitlines() if told.returncode == 0 else []


def _base() -> str:
    known = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname:short)", "refs/heads/main", "refs/remotes/origin/main"],
        capture_output=True,
        text=True,
        check=False,
    )
    return (known.stdout.split() or ["HEAD"])[0]


if __name__ == "__main__":
    found = [(subject, wrong_with(subject)) for subject in new_subjects(sys.argv[1] if len(sys.argv) > 1 else _base())]
    for subject, fault in found:
        if fault:
            print(f"commit {subject!r}: {fault}")
    sys.exit(any(fault for _subject, fault in found))
