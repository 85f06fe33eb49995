"""«Pedir asignación»: what there is, how many of it, and one press."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from leadmaster.lib.screens import clock_time
from opportunities.assignment.filters import FACETS, Filters
from opportunities.assignment.request import request_lot
from opportunities.capacity.usage import Allowance, active_of, allowance_of
from opportunities.errors import Incomplete, Refused
from opportunities.models import Lot, Promoter
from opportunities.queries.offer import offer
from opportunities.queries.why_closed import why_closed
from opportunities.web.access import at_desk
from opportunities.web.forms import RequestForm, new_key

_USUAL = 10
# Asks for everything, where the last request asked for less.
_ALL = "todos"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def ask(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    """Never kept by the browser: the key of a page that was used up must not come back with the Back button."""
    now = timezone.now()
    if request.method == "POST":
        return _asked(request, promoter, now)
    filters = _opening(request, promoter)
    allowance = allowance_of(promoter, active=active_of(promoter), now=now)
    closed = why_closed(promoter, now)
    context = {
        "promoter": promoter,
        "allowance": allowance,
        "quantity": min(_wanted(request.GET.get("quantity", "")), allowance.left),
        "key": new_key(),
        "closed": closed,
        "renews": _renews(promoter, allowance, now),
        # Who can get nothing now is offered nothing.
        **(_choices(promoter, filters, now) if allowance.left and not closed else {}),
    }
    return render(request, "web/desk/request.html", context)


@require_safe
@at_desk
def options(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    """The filters again, with the numbers of now."""
    filters = _filters(request.GET)
    return render(request, "web/desk/facets.html", _choices(promoter, filters, timezone.now()))


def _asked(request: HttpRequest, promoter: Promoter, now: dt.datetime) -> HttpResponse:
    filters = _filters(request.POST)
    form = RequestForm(request.POST)
    back = (
        reverse("desk-request") + "?" + urlencode({**filters.as_dict(), "quantity": request.POST.get("quantity", "")})
    )
    if not form.is_valid():
        messages.error(request, _("Escribe cuántas oportunidades quieres: un número desde 1."))
        return redirect(back)
    data = form.cleaned_data
    try:
        granted = request_lot(promoter, filters, data["quantity"], key=data["key"], now=now)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    if granted.lot_id is None:
        messages.warning(request, granted.sentence)
        return redirect(back)
    messages.success(request, granted.sentence)
    return redirect("desk-lot", granted.lot_id)


def _opening(request: HttpRequest, promoter: Promoter) -> Filters:
    """What the address says; without a word of it, what was asked for last."""
    if any(name in request.GET for name in (*FACETS, "quantity", _ALL)):
        return _filters(request.GET)
    asked = Lot.objects.filter(promoter=promoter, asked__gt=0).order_by("-id").values_list("filters", flat=True).first()
    return _filters(asked or {})


def _renews(promoter: Promoter, allowance: Allowance, now: dt.datetime) -> str:
    """When there is a quota again, for who has used today's."""
    if allowance.full or not allowance.limit:
        return ""
    return clock_time(promoter.desk.charged_days.ends(now), now, tz=promoter.desk.calendar.tz)


def _filters(raw: Mapping[str, str]) -> Filters:
    """What was chosen; a city whose province was taken back goes with it."""
    chosen = {name: raw.get(name, "") for name in FACETS}
    try:
        return Filters.of(chosen)
    except Incomplete:
        return Filters.of({**chosen, "city": ""})


def _choices(promoter: Promoter, filters: Filters, now: dt.datetime) -> dict[str, object]:
    found = offer(promoter, filters, now=now)
    return {"filters": filters, "facets": found.facets, "available": found.available}


def _wanted(raw: str) -> int:
    return int(raw) if raw.isascii() and raw.isdigit() and 0 < len(raw) < 5 else _USUAL
