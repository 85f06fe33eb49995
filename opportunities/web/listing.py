"""«Clientes»: a promoter's list, and the part of it that moves by itself."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from leadmaster.calendars.arithmetic import Calendar
from opportunities import saved_filters
from opportunities.funnel.moves import quick_steps
from opportunities.models import Opportunity, Promoter, Stage
from opportunities.queries import worklist
from opportunities.queries.client_rows import client_rows
from opportunities.queries.regions import region_of
from opportunities.queries.worklist import Asked
from opportunities.web import undoing
from opportunities.web.access import at_desk
from opportunities.web.after_call import sheet
from opportunities.web.forms import ReminderForm, new_key

_DIGEST = 16


@require_safe
@at_desk
def opportunities(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    now, calendar = timezone.now(), promoter.desk.calendar.as_value()
    asked = Asked.of(request.GET.dict())
    context = {
        "promoter": promoter,
        "asked": asked,
        **sheet(calendar, now),
        "steps": quick_steps(),
        "may_save": bool(asked.query),
        "managing": request.GET.get("hoja") == "filtros",
        "undo": undoing.offered(request, now=now),
        "reminder_form": ReminderForm(initial={"key": new_key()}, label_suffix=""),
        "write": urlencode({name: request.GET[name] for name in ("etapa", "q") if request.GET.get(name)}),
        **_moving(request, promoter, asked, calendar=calendar, now=now),
    }
    return render(request, "web/desk/opportunities.html", context)


@require_safe
@at_desk
def rows(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    """The list and its filters again; nothing where they still say what `visto` was told of."""
    calendar = promoter.desk.calendar.as_value()
    moving = _moving(request, promoter, Asked.of(request.GET.dict()), calendar=calendar, now=timezone.now())
    if request.GET.get("visto") == moving["digest"]:
        return HttpResponse(status=204)
    return render(request, "web/desk/client_list.html", {**moving, "alone": True})


def _moving(
    request: HttpRequest, promoter: Promoter, asked: Asked, *, calendar: Calendar, now: dt.datetime
) -> dict[str, Any]:
    """What changes while somebody looks, as it is written, and a digest of it."""
    mine = Opportunity.objects.with_client().select_related("sale__promoter__desk__calendar")
    page = worklist.page(mine, promoter, asked, region=region_of(promoter))
    context = {
        "asked": asked,
        "rows": client_rows(page.rows, promoter, calendar=calendar, now=now),
        "more": urlencode({**_words(asked), "despues": page.after}) if page.after else "",
    }
    kept = list(saved_filters.of(promoter.user))
    own = worklist.of_saved(kept, asked)
    chips = worklist.chips(asked, worklist.stage_counts(promoter), list(Stage.objects.all()))
    body = render_to_string("web/desk/client_rows.html", context, request)
    filters = render_to_string("web/desk/chips.html", {"chips": chips, "own": own}, request)
    digest = hashlib.sha256((body + filters).encode()).hexdigest()[:_DIGEST]
    return {"asked": asked, "body": body, "filters": filters, "digest": digest, "any": bool(page.rows), "kept": kept}


def _words(asked: Asked) -> dict[str, str]:
    """What was asked for, without where its page begins."""
    return {name: word for name, word in asked.words.items() if word and name != "despues"}
