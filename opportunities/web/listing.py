"""«Mis oportunidades»."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from opportunities.models import Opportunity, Promoter, Stage
from opportunities.queries import worklist
from opportunities.queries.cards import cards
from opportunities.queries.regions import region_of
from opportunities.queries.worklist import Asked
from opportunities.web.access import at_desk
from opportunities.web.after_call import sheet


@require_safe
@at_desk
def opportunities(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    now = timezone.now()
    asked = Asked.of(request.GET.dict())
    page = worklist.page(Opportunity.objects.with_client(), promoter, asked, region=region_of(promoter))
    calendar = promoter.desk.calendar.as_value()
    return render(
        request,
        "web/desk/opportunities.html",
        {
            "promoter": promoter,
            "asked": asked,
            **sheet(calendar, now),
            "cards": cards(page.rows, promoter, calendar=calendar, now=now),
            "chips": worklist.chips(asked, worklist.stage_counts(promoter), list(Stage.objects.all())),
            "write": urlencode({name: request.GET[name] for name in ("etapa", "q") if request.GET.get(name)}),
            "more": urlencode({**request.GET.dict(), "despues": page.after}) if page.after else "",
        },
    )
