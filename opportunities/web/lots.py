"""What one request granted, and where it is now."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from leadmaster.accounts.current_user import current_user
from opportunities import badges
from opportunities.enums import OpportunityState
from opportunities.models import Lot, Opportunity
from opportunities.queries.cards import cards
from opportunities.queries.lots import counts_of
from opportunities.web.access import on_desk_time
from opportunities.web.after_call import sheet

_SHOWN = 100


@login_required
@require_safe
def lot(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Its cards are those that are still the viewer's; its counts are of all."""
    user = current_user(request)
    found = get_object_or_404(
        Lot.objects.visible_to(user).select_related("promoter__user", "promoter__desk__calendar"),
        pk=lot_id,
    )
    rows = list(
        Opportunity.objects.visible_to(user)
        .with_client()
        .filter(lot=found, state=OpportunityState.ACTIVE)
        .order_by("deadline", "id")[:_SHOWN]
    )
    calendar = found.promoter.desk.calendar.as_value()
    with on_desk_time(user, calendar.tz):
        return render(
            request,
            "web/desk/lot.html",
            {
                "promoter": found.promoter if found.promoter.user_id == user.pk else None,
                **sheet(calendar, timezone.now()),
                "lot": found,
                "filters": " · ".join(str(value) for value in found.filters.values()),
                "parts": badges.shares(counts_of([found.pk])[found.pk]),
                "cards": cards(rows, found.promoter, calendar=calendar, now=timezone.now()),
            },
        )
