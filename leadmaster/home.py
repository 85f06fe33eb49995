"""The admin's home: one list of everything that waits for this person's decision, then how sender and desk are doing.

Both are kept for a few seconds: the list for each person, anew as soon as they decided something, because nobody may find
that there again; the figures below it for all who see the same rows.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from campaigns.admin import home as sender
from campaigns.admin import pending as sender_pending
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.admin.pending import KEPT_SECONDS, Pending, Pile, merged
from leadmaster.lib.shared import own, shared
from leadmaster.ops.reconciliation import nightly
from opportunities.admin import home as desk
from opportunities.admin import pending as desk_pending


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decisions:
    """`rows` are the first of every pile, the most harmful first; `more` are the piles that go on."""

    rows: Sequence[tuple[Pile, Pending]]
    more: Sequence[Pile]


def context(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK."""
    return {**page, **parts(request)}


def moving(request: HttpRequest) -> HttpResponse:
    """The home's parts by themselves; nothing at all (204) while they are as they were `seen`."""
    found = parts(request)
    if request.GET.get("seen") == found["seen"]:
        return HttpResponse(status=204)
    return HttpResponse(render_to_string("admin/home.html", found, request=request))


def parts(request: HttpRequest) -> dict[str, Any]:
    """The parts as they are shown, and what to send as `seen` to be told only of changes."""
    top = own(request, "decisions", lambda: _drawn(decisions(request)), seconds=KEPT_SECONDS)
    below = figures(request)
    seen = hashlib.sha256(f"{top}{below}".encode()).hexdigest()[:16]
    return {"top": mark_safe(top), "below": below, "seen": seen}  # noqa: S308 - our own template's


def _drawn(found: Decisions) -> str:
    return render_to_string("admin/decisions.html", {"decisions": found})


def decisions(request: HttpRequest) -> Decisions:
    now = timezone.now()
    piles = [*sender_pending.piles(request, now), *desk_pending.piles(request, now)]
    return Decisions(rows=merged(piles), more=[pile for pile in piles if pile.more])


def figures(request: HttpRequest) -> SafeString:
    """All that nobody has to decide. Administrators see the same rows; of others nobody may see another one's."""
    user = current_user(request)
    whose = "all" if user.is_administrator else str(user.pk)
    key = f"home:{whose}:{get_language()}:{timezone.get_current_timezone_name()}"

    def find() -> str:
        return render_to_string(
            "admin/figures.html", {**sender.context(request), **desk.context(request), "truth": truth(request)}
        )

    return mark_safe(shared(key, find, seconds=KEPT_SECONDS))  # noqa: S308 - our own template's


def truth(request: HttpRequest) -> dict[str, Any]:
    """What the last reconciliation found, for who is told; where to read it, for who may repair. One query."""
    return {"run": nightly.last_run(), "may_read": request.user.has_perm("ops.apply_repair")}
