"""Which of our own files the worker keeps, and when they are others than before."""

from __future__ import annotations

import functools
import hashlib
from typing import Final

from django.conf import settings
from django.templatetags.static import static

_FOLDER: Final = settings.BASE_DIR / "static" / "leadmaster"
_KINDS: Final = frozenset({".css", ".js", ".svg"})
_HTMX: Final = "django_htmx/htmx-2.min.js"


@functools.cache
def names() -> tuple[str, ...]:
    """The promoters' pages' own; the admin's stay out."""
    ours = (path.name for path in sorted(_FOLDER.iterdir()) if path.suffix in _KINDS)
    return (*(f"leadmaster/{name}" for name in ours if not name.startswith(("admin", "worker"))), _HTMX)


def addresses() -> list[str]:
    return [static(name) for name in names()]


@functools.cache
def version() -> str:
    """Another one as soon as a file, a page's frame or the worker itself is."""
    seen = hashlib.sha256()
    frame = settings.BASE_DIR / "templates" / "web"
    for path in (*sorted(_FOLDER.iterdir()), frame / "base.html", *sorted((frame / "shell").iterdir())):
        seen.update(path.name.encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()[:16]


@functools.cache
def worker() -> str:
    return (_FOLDER / "worker.js").read_text()
