"""«Mi día»: what is left, what hurries, who wrote back, what came last."""

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
from opportunities.queries.cards import cards
from opportunities.queries.contact_figures import contacts_today
from opportunities.queries.conversations import waiting_count
from opportunities.queries.reminders import next_of_day
from opportunities.queries.replies import answers_to
from opportunities.queries.rush import rush_of
from opportunities.queries.why_closed import why_closed
from opportunities.web.access import on_desk_time
from opportunities.web.after_call import sheet

_NEXT = 5


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
    mine = Opportunity.objects.filter(owner=promoter).on_time(now).filter(deadline__isnull=False)
    rows = list(mine.with_client().order_by("deadline", "id")[:_NEXT])
    return {
        "promoter": promoter,
        "now": now,
        "rush": rush,
        "allowance": allowance_of(promoter, active=rush.active, now=now),
        "closed": why_closed(promoter, now),
        "answers": answers_to(promoter, now=now),
        "talks": waiting_count(promoter.user, now=now),
        "cards": cards(rows, promoter, calendar=calendar, now=now),
        "reminders": next_of_day(promoter.user, now=now),
        "contacts": contacts_today(promoter, now=now),
        **sheet(calendar, now),
        "lot": Lot.objects.filter(promoter=promoter).order_by("-id").first(),
    }
