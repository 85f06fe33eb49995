"""One campaign of a promoter: what it says, to whom, when it goes out, and the next step."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from campaigns import lifecycle
from campaigns.audience.import_record import kept_report
from campaigns.brakes.lifting import lift
from campaigns.engine.why_not import BRAKED
from campaigns.enums import ScheduleState
from campaigns.errors import Refused
from campaigns.forecast import forecast
from campaigns.lifecycle import TABLE, Verb
from campaigns.models import Campaign, Envio, RecipientImport
from campaigns.pacing import may_change
from campaigns.pacing_form import PacingForm, initial
from campaigns.policy import Act, may
from campaigns.web.views import cards_of
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User

_EXAMPLES: Final = 3
_EVENTS: Final = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """A verb as a promoter presses it. `reason` is asked for what can't be taken back."""

    verb: Verb
    label: Promise
    done: Promise
    run: Callable[[Campaign, User, dt.datetime, str], object]
    reason: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shift:
    """When it goes out, in words."""

    days: str
    windows: str
    cap: int


STEPS: Final = {
    step.verb.value: step
    for step in (
        Step(
            verb=Verb.SUBMIT,
            label=_("Enviar a aprobar"),
            done=_("“%(name)s” espera la aprobación de tu supervisor."),
            run=lambda campaign, by, now, _reason: lifecycle.submit(campaign, by=by, now=now),
        ),
        Step(
            verb=Verb.LAUNCH,
            label=_("Poner en marcha"),
            done=_("“%(name)s” está en marcha: sale en su horario."),
            run=lambda campaign, by, now, _reason: lifecycle.launch(campaign, by=by, now=now),
        ),
        Step(
            verb=Verb.PAUSE,
            label=_("Pausar"),
            done=_("“%(name)s” quedó en pausa. A lo sumo sale el mensaje que ya iba en camino."),
            run=lambda campaign, by, now, _reason: lifecycle.pause(campaign, by=by, now=now),
        ),
        Step(
            verb=Verb.RESUME,
            label=_("Reanudar"),
            done=_("“%(name)s” sigue enviando."),
            run=lambda campaign, by, now, _reason: lifecycle.resume(campaign, by=by, now=now),
        ),
        Step(
            verb=Verb.CANCEL,
            label=_("Cancelar la campaña"),
            done=_("“%(name)s” quedó cancelada: lo pendiente no sale."),
            run=lambda campaign, by, now, reason: lifecycle.cancel(campaign, by=by, now=now, reason=reason),
            reason=True,
        ),
    )
}


@login_required
@require_safe
def page(request: HttpRequest, campaign_id: int) -> HttpResponse:
    return render(request, "web/campaign.html", context(request, find(request, campaign_id)))


def context(request: HttpRequest, campaign: Campaign, *, pacing: PacingForm | None = None) -> dict[str, object]:
    """What the page shows; `pacing` is a form that came back."""
    user = current_user(request)
    card = cards_of([campaign], user)[0]
    braked = card.standing is not None and card.standing.reason in BRAKED
    allowed = lifecycle.allowed_verbs(campaign)
    return {
        "card": card,
        "campaign": campaign,
        "steps": [
            step
            for step in STEPS.values()
            if step.verb in allowed
            and may(user, TABLE[step.verb][2], campaign)
            and not (braked and step.verb is Verb.RESUME)
        ],
        "braked": braked,
        "may_lift": braked and may(user, Act.APPROVE, campaign),
        "forecast": forecast(campaign, timezone.now()) if card.progress.total and allowed else None,
        "shifts": _shifts(campaign),
        "pacing": pacing or (PacingForm(initial=initial(campaign)) if may_change(user, campaign) else None),
        "may_speed_up": may(user, Act.APPROVE, campaign),
        "imports": campaign.imports.all(),
        "examples": _examples(campaign),
        "events": campaign.events.select_related("by").order_by("-id")[:_EVENTS],
    }


@login_required
@require_POST
def act(request: HttpRequest, campaign_id: int, verb: str) -> HttpResponse:
    """One step, for whoever may take it; what is refused comes back as a sentence."""
    campaign = find(request, campaign_id)
    step = STEPS.get(verb)
    if step is None:
        raise Http404
    try:
        step.run(campaign, current_user(request), timezone.now(), request.POST.get("reason", ""))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, str(step.done) % {"name": campaign.name})
    return redirect("my-campaign", campaign.pk)


@login_required
@require_POST
def lift_brake(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Let go of the brake that holds it, for whoever may approve it."""
    campaign = find(request, campaign_id)
    reason = request.POST.get("reason", "")
    try:
        lift(campaign, by=current_user(request), reason=reason, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, gettext("Soltaste el freno de “%(name)s”.") % {"name": campaign.name})
    return redirect("my-campaign", campaign.pk)


@login_required
@require_safe
def report(request: HttpRequest, campaign_id: int, record_id: int) -> HttpResponseBase:
    """The row-by-row report of who came in and who did not."""
    record = get_object_or_404(RecipientImport, campaign=find(request, campaign_id), pk=record_id)
    if not record.report:
        raise Http404
    try:
        kept = kept_report(record)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("my-campaign", campaign_id)
    return FileResponse(kept, as_attachment=True, filename=f"informe-{record.pk}.csv", content_type="text/csv")


def find(request: HttpRequest, campaign_id: int) -> Campaign:
    """Theirs, or of a team that they supervise; nothing else exists for them."""
    campaigns = Campaign.objects.visible_to(request.user).select_related("session", "owner")
    return get_object_or_404(campaigns, pk=campaign_id)


def _shifts(campaign: Campaign) -> list[Shift]:
    schedules = campaign.schedules.exclude(state=ScheduleState.REJECTED).prefetch_related("windows")
    return [
        Shift(
            days=schedule.days_in_words,
            windows=", ".join(str(window) for window in schedule.windows.all()),
            cap=schedule.daily_cap,
        )
        for schedule in schedules
    ]


def _examples(campaign: Campaign) -> list[Envio]:
    """In the order of the claim's index: by id a campaign of a million would be sorted for it."""
    rows = Envio.objects.filter(campaign=campaign).order_by("state", "next_due", "id")
    return list(rows.only("phone", "name", "text")[:_EXAMPLES])
