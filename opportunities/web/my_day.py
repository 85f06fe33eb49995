"""«Mi día»: who waits for an answer, what hurries, what was promised, what is left, what was done. Nothing a tab already has."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from leadmaster.accounts.current_user import current_user
from opportunities.capacity.usage import allowance_of
from opportunities.errors import NotAllowed
from opportunities.models import Lot, Opportunity, Promoter
from opportunities.policy import promoter_of
from opportunities.queries import conversations as talks
from opportunities.queries.cards import cards
from opportunities.queries.day import campaigns_under_way, lines_in_trouble, results_of_day
from opportunities.queries.reminders import next_of_day
from opportunities.queries.rush import Rush, rush_of
from opportunities.queries.why_closed import why_closed
from opportunities.web.access import on_desk_time
from opportunities.web.after_call import sheet

# What fits below each heading; the rest is a press away.
_NEXT = 5
_WAITING = 4


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Everybody to their own place: staff to the admin, promoters to their day, those without a desk to their campaigns."""
    if request.user.is_staff:
        return redirect("admin:index")
    try:
        promoter = promoter_of(current_user(request))
    except NotAllowed:
        return redirect("my-campaigns")
    with on_desk_time(promoter.user, promoter.desk.calendar.tz):
        return render(request, "web/desk/my_day.html", _day(promoter, timezone.now()))


def _day(promoter: Promoter, now: dt.datetime) -> dict[str, object]:
    calendar = promoter.desk.calendar.as_value()
    rush = rush_of(promoter, calendar=calendar, now=now)
    waiting = talks.page(promoter.user, talks.Asked(), now=now, most=_WAITING).rows
    return {
        "promoter": promoter,
        "now": now,
        "rush": rush,
        "allowance": allowance_of(promoter, active=rush.active, now=now),
        "closed": why_closed(promoter, now),
        "lines": lines_in_trouble(promoter.user, now=now),
        "talks": talks.waiting_count(promoter.user, now=now) if waiting else 0,
        "waiting": talks.cards(waiting, now=now),
        "cards": cards(_hurrying(promoter, rush, now), promoter, calendar=calendar, now=now),
        "reminders": next_of_day(promoter.user, now=now),
        "results": results_of_day(promoter, now=now),
        "campaigns": campaigns_under_way(promoter),
        **sheet(calendar, now),
        "lot": Lot.objects.filter(promoter=promoter).order_by("-id").first(),
    }


def _hurrying(promoter: Promoter, rush: Rush, now: dt.datetime) -> list[Opportunity]:
    """What runs out before this turn ends, the next one first: before lunch, where there is one."""
    if not rush.this_shift or rush.shift is None:
        return []
    until = rush.shift.closes or now + dt.timedelta(hours=24)
    mine = Opportunity.objects.filter(owner=promoter).on_time(now).filter(deadline__lte=until)
    return list(mine.with_client().order_by("deadline", "id")[:_NEXT])
