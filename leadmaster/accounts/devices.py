"""Where a person is logged in, in words that they recognise, and how they end it everywhere else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import re
from typing import Final

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext as _

from leadmaster.accounts.models import Device, User

_AGENT: Final = 200
# What tells one from another, the most telling first: Edge says that it is Chrome, and Chrome that it is Safari.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shown:
    """One log-in as its person reads it."""

    name: str
    seen_at: dt.datetime
    here: bool


def note(request: HttpRequest, *, now: dt.datetime) -> None:
    """This browser was just used. Called every few minutes at the most."""
    if not isinstance(request.user, User) or not request.session.session_key:
        return
    agent = re.sub(r"[^\x20-\x7e]", "", request.headers.get("User-Agent", ""))[:_AGENT]
    Device.objects.update_or_create(
        digest=_digest(request),
        defaults={"user": request.user, "agent": agent, "seen_at": now},
        create_defaults={"user": request.user, "agent": agent, "seen_at": now, "opened_at": now},
    )


def shown(request: HttpRequest, user: User, *, now: dt.datetime) -> list[Shown]:
    """This one first, then those that may still be logged in: whoever was away longer than the limit no longer is."""
    since = now - dt.timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    mine = _digest(request)
    found = [
        Shown(name=name_of(row.agent), seen_at=row.seen_at, here=row.digest == mine)
        for row in Device.objects.filter(user=user, seen_at__gte=since)
    ]
    if not any(one.here for one in found):
        found.append(Shown(name=name_of(request.headers.get("User-Agent", "")), seen_at=now, here=True))
    return sorted(found, key=lambda one: not one.here)


def end_others(request: HttpRequest, user: User) -> None:
    """Every other log-in of this person is over with its next request, wherever it is."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(log_in_round=F("log_in_round") + 1)
        Device.objects.filter(user=user).exclude(digest=_digest(request)).delete()
    user.refresh_from_db(fields=["log_in_round"])
    update_session_auth_hash(request, user)


def forget(request: HttpRequest) -> None:
    """Log-out: it is no longer one of theirs."""
    Device.objects.filter(digest=_digest(request)).delete()


def name_of(agent: str) -> str:
    """`Chrome en Android`."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    if browser and system:
        return _("%(browser)s en %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Otro navegador")


def _digest(request: HttpRequest) -> str:
    return hashlib.sha256((request.session.session_key or "").encode()).hexdigest()
