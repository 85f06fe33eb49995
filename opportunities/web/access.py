"""Who stands at the door of the desk's pages."""

from __future__ import annotations

import contextlib
import functools
import zoneinfo
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from opportunities.errors import NotAllowed
from opportunities.models import Promoter
from opportunities.policy import promoter_of

P = ParamSpec("P")


def on_desk_time(user: User, tz: zoneinfo.ZoneInfo) -> AbstractContextManager[None]:
    """Times as the desk's own clock on the wall shows them, unless this person chose a zone.

    The server may stand elsewhere; a deadline "hoy 13:00" has to be the desk's.
    """
    return contextlib.nullcontext() if user.time_zone else timezone.override(tz)


def at_desk(
    view: Callable[Concatenate[HttpRequest, Promoter, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Give the view the promoter who is asking, on the desk's time. Supervisors without a desk go to theirs; others are told whom to ask."""

    @functools.wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            promoter = promoter_of(current_user(request))
        except NotAllowed as refusal:
            if request.user.is_staff:
                return redirect("admin:index")
            return render(request, "web/desk/no_desk.html", {"sentence": str(refusal)}, status=403)
        with on_desk_time(promoter.user, promoter.desk.calendar.tz):
            return view(request, promoter, *args, **kwargs)

    return login_required(inner)
