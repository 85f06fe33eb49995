"""«Captar»: a client of one's own, whose phone is checked while it is typed."""

from __future__ import annotations

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from leadmaster.lib.phones.parsing import Phone, normalise
from opportunities.assignment import capture as capturing
from opportunities.errors import Refused, Taken
from opportunities.models import Opportunity, Promoter
from opportunities.queries.regions import region_of
from opportunities.queries.time_left import clock_sentence
from opportunities.web.access import at_desk
from opportunities.web.forms import CaptureForm, new_key

# Whoever types one number asks a few times; whoever asks more is looking the directory through.
_CHECKS_A_MINUTE = 40
_FEWEST_DIGITS = 6


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def capture(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    if request.method != "POST":
        return _page(request, promoter, CaptureForm(initial={"key": new_key()}, label_suffix=""))
    form = CaptureForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _page(request, promoter, form)
    if not _may_check(promoter):
        # A refusal tells as much as a check does.
        form.add_error(None, _("Demasiadas consultas seguidas. Espera un minuto y sigue."))
        return _page(request, promoter, form)
    data = form.cleaned_data
    person = capturing.NewClient(
        name=data["name"],
        phones=[data["phone"], data["other_phone"]],
        email=data["email"],
        region=region_of(promoter),
        note=data["note"],
    )
    try:
        row = capturing.capture(promoter, person, key=data["key"], now=timezone.now())
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, promoter, form, own=refusal.own if isinstance(refusal, Taken) else None)
    messages.success(request, _captured(row, promoter))
    return redirect("desk-opportunity", row.pk)


@require_safe
@at_desk
def phone(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    """What is known of the number so far: a fragment, empty while there is too little of it to say anything."""
    raw = (request.GET.get("phone") or request.GET.get("other_phone") or "")[:40]
    if sum(char.isdigit() for char in raw) < _FEWEST_DIGITS:
        return render(request, "web/desk/phone.html", {})
    if not _may_check(promoter):
        sentence = _("Demasiadas consultas seguidas. Espera un minuto y sigue.")
        return render(request, "web/desk/phone.html", {"problem": sentence}, status=429)
    region = region_of(promoter)
    found = normalise(raw, region)
    checked = capturing.check(raw, region=region, promoter=promoter)
    pretty = found.pretty if isinstance(found, Phone) else ""
    return render(
        request,
        "web/desk/phone.html",
        {"problem": checked.problem, "own": checked.own, "client": checked.client, "pretty": pretty},
    )


def _captured(row: Opportunity, promoter: Promoter) -> str:
    """Whether its clock runs is said as «Mi día» says it."""
    calendar, now = promoter.desk.calendar.as_value(), timezone.now()
    who = _("%(who)s ya es tu oportunidad.") % {"who": row.client}
    if row.deadline is None:
        return who
    return f"{who} {clock_sentence(calendar, now)}"


def _may_check(promoter: Promoter) -> bool:
    key = f"desk-phone-checks:{promoter.pk}:{timezone.now():%H%M}"
    cache.add(key, 0, timeout=120)
    try:
        return cache.incr(key) <= _CHECKS_A_MINUTE
    except ValueError:
        # The cache threw it out in between: nobody waits for that.
        return True


def _page(request: HttpRequest, promoter: Promoter, form: CaptureForm, *, own: int | None = None) -> HttpResponse:
    context = {"promoter": promoter, "form": form, "region": region_of(promoter), "own": own}
    return render(request, "web/desk/capture.html", context)
