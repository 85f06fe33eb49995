"""Folders, and the file that variables come from."""

from __future__ import annotations

import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from leadmaster.lib.env.values import text

_LINE = re.compile(r"(?:export )?[A-Za-z_0-9]+=.*|\s*(?:#.*)?")


def folder(name: str, default: Path) -> Path:
    """A folder that is there or can be made where it is written; whoever writes into it makes it."""
    path = Path(text(name, str(default)))
    first = next((each for each in (path, *path.absolute().parents) if each.exists()), path)
    if not first.is_dir():
        raise ImproperlyConfigured(f"{name} is {str(path)!r}, and {first} is no folder. Write the path of a folder.")
    return path


def read_file(path: Path) -> None:
    """What `path` says about variables that the environment leaves open. A line that would be skipped is told.

    A file that is not there, or is another user's, leaves everything to the environment.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, PermissionError):
        return
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{path} cannot be read ({type(error).__name__}). Write it as a text file in UTF-8."
        ) from None
    for number, line in enumerate(lines, 1):
        if not _LINE.fullmatch(line):
            # Never the line itself: it may be a secret.
            raise ImproperlyConfigured(
                f"Line {number} of {path} is not understood. Write NAME=value, without blanks around the name."
            )
    environ.Env.read_env(path)
