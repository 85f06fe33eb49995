"""«Mi día»: what is left, what hurries, who wrote back, what came last."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from leadmaster.accounts.current_user import person
from leadmaster.calendars.arithmetic import Calendar, NeverOpens
from opportunities.capacity.usage import allowance_of
from opportunities.enums import OpportunityState
from opportunities.errors import NotAllowed
from opportunities.models import Lot, Opportunity, Promoter
from opportunities.policy import promoter_of
from opportunities.queries.time_left import Shift, shift_of
from opportunities.web.access import on_desk_time
from opportunities.web.cards import cards, with_all
from opportunities.web.replies import answers_to
from opportunities.web.why_closed import why_closed

_NEXT = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rush:
    """How many are in hand, how many are late, and how many expire before this shift ends."""

    active: int
    overdue: int
    this_shift: int
    shift: Shift | None


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Everybody to their own place: staff to the admin, promoters to their day, those without a desk to their campaigns."""
    if request.user.is_staff:
        return redirect("admin:index")
    try:
        promoter = promoter_of(person(request))
    except NotAllowed:
        return redirect("my-campaigns")
    with on_desk_time(promoter.user, promoter.desk.calendar.tz):
        return render(request, "web/desk/my_day.html", _day(promoter, timezone.now()))


def _day(promoter: Promoter, now: dt.datetime) -> dict[str, object]:
    calendar = promoter.desk.calendar.as_value()
    rush = rush_of(promoter, calendar=calendar, now=now)
    mine = Opportunity.objects.filter(owner=promoter).on_time(now).filter(deadline__isnull=False)
    rows = list(with_all(mine).order_by("deadline", "id")[:_NEXT])
    return {
        "promoter": promoter,
        "now": now,
        "rush": rush,
        "allowance": allowance_of(promoter, active=rush.active, now=now),
        "closed": why_closed(promoter, now),
        "answers": answers_to(promoter, now=now),
        "cards": cards(rows, promoter, calendar=calendar, now=now),
        "lot": Lot.objects.filter(promoter=promoter).order_by("-id").first(),
    }


def rush_of(promoter: Promoter, *, calendar: Calendar, now: dt.datetime) -> Rush:
    """One query over what the promoter has in hand."""
    try:
        shift = shift_of(calendar, now)
    except NeverOpens:
        shift = None
    late = Q(deadline__lte=now)
    # Where nobody ever goes home, a turn is the next day.
    until = now if shift is None else shift.closes or now + dt.timedelta(hours=24)
    soon = Q(deadline__gt=now, deadline__lte=until)
    counts = Opportunity.objects.filter(owner=promoter, state=OpportunityState.ACTIVE).aggregate(
        active=Count("id"), overdue=Count("id", filter=late), this_shift=Count("id", filter=soon)
    )
    return Rush(shift=shift, **counts)
